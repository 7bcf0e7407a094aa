import Base
import Certificates
import HTTP
import Host
import Kubernetes
import Planning

/// Verb `certificate`: issues a certificate and key unless the existing pair is as declared and not due for renewal.
struct CertificateAction: Action {
    let context: ActionContext
    let declaration: CertificateDeclaration

    private struct Pair {
        var certificate: [UInt8]
        var key: [UInt8]
    }

    /// A CA whose key is on the node.
    private struct Authority {
        let certificate: Certificate
        let key: PrivateKey
    }

    /// Issues the pair if necessary, corrects the mode and owner of the files, and returns whether anything changed.
    func run() async throws -> Bool {
        let account = try await context.accounts("cannot write file '\(declaration.key.path)'")
        let authority = try await authority()
        let present = try presentPair()
        let reasons = present.map { faults(of: $0, authority?.certificate) } ?? ["is missing"]
        if let present, reasons.isEmpty {
            return try write(present, account)
        }
        guard context.run.files.isDryRun else {
            let pair = if let authority { try await issue(by: authority) } else { try await request() }
            return try write(pair, account)
        }
        context.emit(.planned("would issue '\(declaration.path.path)', which \(reasons[0])"))
        context.expectProducts()
        return true
    }

    /// Reads both files, or returns `nil` if one is missing.
    private func presentPair() throws(Problem) -> Pair? {
        try attempt("cannot write certificate '\(declaration.path.path)'") {
            let files = [declaration.path, declaration.key]
            let contents = try files.compactMap {
                try context.run.files.readProduct($0.path, limit: SizeLimit.configuration)
            }
            return contents.count == 2 ? Pair(certificate: contents[0], key: contents[1]) : nil
        }
    }

    /// Returns the reasons to replace the existing files, as predicates of the certificate such as `cannot be read`.
    private func faults(of pair: Pair, _ authority: Certificate?) -> [String] {
        var leaf = declaration.leaf
        guard let certificate = try? Certificate.read(pem: pair.certificate).first else { return ["cannot be read"] }
        guard let key = try? PrivateKey.read(pem: pair.key), key.belongs(to: certificate) else {
            return ["has another key"]
        }
        let comparison = CertificateComparison(at: context.run.now())
        if let authority {
            // A new certificate would not expire later, because none outlives the CA.
            if certificate.validUntil == authority.validUntil { leaf.renewBefore = .zero }
            return comparison.faults(of: certificate, leaf, authority: authority).map(\.description)
        }
        let validity = Duration.seconds(certificate.validUntil.seconds - certificate.validFrom.seconds)
        let due = comparison.dueFaults(of: certificate, renewBefore: declaration.renewBefore(validity: validity))
        return (due + comparison.contentFaults(of: certificate, leaf)).map(\.description)
    }

    /// Reads the CA, or returns `nil` if a signer of the cluster issues the certificate.
    ///
    /// Waits for a CA certificate that becomes valid before the deadline, because the clock may be wrong during boot.
    private func authority() async throws(Problem) -> Authority? {
        guard case .authority(let certificate, let key) = declaration.issuer else { return nil }
        let failure = "cannot issue '\(declaration.path.path)'"
        let file = try context.source(certificate, key: "ca.certificate", failure)
        let keyFile = try context.privateKey(key, key: "ca.key", failure)
        let usable = try await awaitValidity(context) { () throws(Problem) in
            try certificate.attributed(failure, key: "ca.certificate") {
                try CredentialCheck(now: context.run.now()).authority(file)
            }
        }
        let authority = try key.attributed(failure, key: "ca.key") {
            let privateKey = try CredentialCheck.privateKey(in: keyFile)
            guard let own = usable.first(where: { privateKey.belongs(to: $0) }) else {
                throw Problem(
                    "key '\(key.path)' does not belong to CA '\(certificate.path)', so it cannot issue certificates",
                    at: keyFile.location,
                    hint: "set 'ca.key' to the private key of this CA"
                )
            }
            return Authority(certificate: own, key: privateKey)
        }
        context.warnOfCertificates()
        return authority
    }

    private func issue(by authority: Authority) async throws(Problem) -> Pair {
        do throws(TLSError) {
            let made = try await Certificates.issue(
                declaration.leaf,
                at: context.run.now(),
                by: authority.certificate,
                authority.key
            )
            return Pair(certificate: Array(made.certificate.pem.utf8), key: try made.key.pem().copy)
        } catch {
            throw Problem("cannot issue '\(declaration.path.path)': \(error)")
        }
    }

    /// Generates a key, requests a certificate for it, and checks the issued certificate.
    private func request() async throws(Problem) -> Pair {
        let leaf = declaration.leaf
        let (key, request, keyText) = try await onThread("cannot request '\(declaration.path.path)'") {
            let key = try PrivateKey(generating: leaf.key)
            let request = try key.request(
                commonName: leaf.commonName,
                organizations: leaf.organizations,
                names: leaf.names
            )
            return (key, request, try key.pem().copy)
        }
        let bytes = try await context.certificate(for: request, declaration)
        try check(bytes, key)
        return Pair(certificate: bytes, key: keyText)
    }

    /// Refuses an issued certificate with another key or other contents, because every run would replace it.
    private func check(_ bytes: [UInt8], _ key: PrivateKey) throws(Problem) {
        let subject = "the issued certificate"
        let certificates = try attempt("\(subject) cannot be used") { try Certificate.read(pem: bytes) }
        guard let certificate = certificates.first else { return }
        guard key.belongs(to: certificate) else { throw Problem("\(subject) is for another key") }
        let faults = CertificateComparison(at: context.run.now()).contentFaults(of: certificate, declaration.leaf)
        guard let first = faults.first else { return }
        throw Problem(
            "\(subject) \(first), so '\(declaration.path.path)' was not written",
            hint: "correct 'leaf' of task '\(context.task.name)', or name another signer"
        )
    }

    private func write(_ pair: Pair, _ account: (owner: UInt32?, group: UInt32?)) throws(Problem) -> Bool {
        func content(_ bytes: [UInt8], _ path: LocatedPath, _ mode: UInt16) -> FileContent {
            FileContent(bytes, path: path.path, mode: UInt32(mode), owner: account.owner, group: account.group)
        }
        return try context.write(
            content(pair.key, declaration.key, declaration.leaf.mode),
            content(pair.certificate, declaration.path, CertificateDeclaration.certificateMode),
            as: "certificate"
        )
    }
}
