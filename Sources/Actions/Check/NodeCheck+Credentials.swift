import Base
import Certificates
import HTTP
import Kubernetes
import Planning
import TLS
import YAML

/// Kubeconfigs, and the certificates and keys in them.
extension NodeCheck {
    /// Checks the credentials that a task combines; other checks report missing files.
    func check(_ credentials: Footprint.Credentials) -> [Problem] {
        let references = [credentials.certificateAuthority, credentials.certificate, credentials.key]
        var problems: [Problem] = []
        let files = references.map(credential)
        let check = CredentialCheck(now: run.now())
        func report(_ reference: LocatedPath, _ body: () throws(Problem) -> Void) {
            do {
                try body()
            } catch {
                problems.append(
                    Problem(error.message, at: error.location ?? reference.location, hint: error.hint)
                )
            }
        }
        if let authority = files[0] {
            report(references[0]) { () throws(Problem) in _ = try check.authority(authority) }
        }
        if let certificate = files[1], let key = files[2] {
            report(references[1]) { () throws(Problem) in
                _ = try check.client(certificate: certificate, key: key)
            }
        } else if let certificate = files[1] {
            report(references[1]) { () throws(Problem) in _ = try CredentialCheck.certificates(in: certificate) }
        }
        if problems.isEmpty, let authority = files[0], let certificate = files[1] {
            report(references[1]) { () throws(Problem) in try check.chain(of: certificate, to: authority) }
        }
        if let key = files[2] { problems += checkPrivateKey(key, unlike: problems) }
        return problems
    }

    /// Checks the content of a private key, and reports a key that other users can read.
    ///
    /// A file with another content may be readable by everyone.
    private func checkPrivateKey(_ key: CredentialFile, unlike known: [Problem]) -> [Problem] {
        do {
            try CredentialCheck.privateKey(in: key)
        } catch {
            return known.contains(error) ? [] : [error]
        }
        return key.location.map { checkPrivate(key.name, at: $0) } ?? []
    }

    /// Reports a private key that other users can read.
    func checkPrivate(_ path: String, at location: SourceLocation) -> [Problem] {
        do {
            try run.files.requirePrivate(path)
            return []
        } catch {
            return [
                Problem("\(error)", at: location, hint: error.advice)
            ]
        }
    }

    /// Reads a credential file, or returns `nil` if a task writes it or it cannot be read.
    func credential(_ reference: LocatedPath) -> CredentialFile? {
        guard producers.producer(of: reference.path) == nil else { return nil }
        return (try? run.files.read(reference.path, limit: SizeLimit.configuration)).map {
            CredentialFile(name: reference.path, bytes: $0, at: reference.location)
        }
    }

    /// Returns a kubeconfig that already exists, or the kubeconfig that a task will write.
    func knownKubeconfig(_ path: String) -> Kubeconfig? {
        if let task = producers.producer(of: path) { return run.writtenKubeconfig(path, by: task) }
        guard !isOffline, let bytes = try? run.files.read(path, limit: SizeLimit.configuration) else { return nil }
        return try? Kubeconfig(bytes, path: path)
    }

    /// Checks a kubeconfig that no task writes, and the files that it refers to.
    ///
    /// - Returns: The errors, and a warning about a user that the server will probably not accept.
    func checkKubeconfig(_ reference: LocatedPath) -> (problems: [Problem], warnings: [Problem]) {
        let missing = checkPresence(reference, limit: SizeLimit.configuration)
        guard missing.isEmpty, let file = credential(reference) else { return (missing, []) }
        let location = SourceLocation(file: file.name)
        var problems: [Problem] = []
        do {
            let kubeconfig = try Kubeconfig(file.bytes, path: file.name)
            problems = tokenProblems(of: kubeconfig)
            guard !kubeconfig.files.contains(where: { producers.producer(of: $0) != nil }) else {
                return (problems, [])
            }
            let credentials = try Credentials(kubeconfig, now: run.now()) {
                try run.files.read($0, limit: SizeLimit.configuration)
            }
            problems += kubeconfig.keyPath.map { checkPrivate($0, at: location) } ?? []
            guard let doubt = credentials.doubt else { return (problems, []) }
            let message = "the API server will probably not accept \(credentials.whoami): \(doubt.reason)"
            return (problems, [Problem(message, at: location, hint: doubt.advice)])
        } catch let error as Problems {
            return (error.all, [])
        } catch let error as Problem {
            return (
                problems + [Problem(error.message, at: error.location ?? location, hint: error.hint)], []
            )
        } catch {
            return (problems + [Problem("\(error)", at: location)], [])
        }
    }

    /// Reports a token file that cannot be used.
    ///
    /// Loading the credentials does not read the token file; each request does.
    private func tokenProblems(of kubeconfig: Kubeconfig) -> [Problem] {
        guard case .file(let path) = kubeconfig.token, producers.producer(of: path) == nil else { return [] }
        let location = SourceLocation(file: kubeconfig.path)
        do {
            let bytes = try run.files.read(path, limit: SizeLimit.configuration)
            guard BearerToken.token(in: bytes) == nil else { return [] }
            let message = "'tokenFile' '\(path)' contains no valid token"
            return [
                Problem(message, at: location, hint: "write the token as one line without spaces")
            ]
        } catch {
            return [
                Problem(
                    "'tokenFile': \(error)",
                    at: location,
                    hint: error.adviceAboutSource("tokenFile")
                )
            ]
        }
    }
}

extension Kubeconfig {
    /// The files that the kubeconfig refers to.
    var files: [String] {
        [certificateAuthority, clientCertificate, clientKey, token].compactMap {
            if case .file(let path) = $0 { path } else { nil }
        }
    }
}

/// Certificates that tasks issue, and files that they decrypt.
extension NodeCheck {
    /// Checks the CA that issues a certificate; other checks report missing files.
    func check(_ issued: Footprint.IssuedCertificate) -> [Problem] {
        guard let authority = issued.authority else { return [] }
        let file = credential(authority)
        let key = issued.authorityKey.flatMap { credential($0) }
        var problems: [Problem] = []
        var usable: [Certificate] = []
        do throws(Problem) {
            if let file { usable = try CredentialCheck(now: run.now()).authority(file) }
            if let key, !usable.isEmpty { _ = try IssuingAuthority(usable, path: authority.path, key: key) }
        } catch {
            problems.append(
                Problem(error.message, at: error.location ?? authority.location, hint: error.hint)
            )
        }
        return problems + (key.map { checkPrivateKey($0, unlike: problems) } ?? [])
    }

    /// Checks the certificates in a file that exists and that no task writes.
    func checkCertificates(_ read: Footprint.Read) -> [Problem] {
        guard let file = credential(read.path) else { return [] }
        do {
            _ = try CredentialCheck.certificates(in: file)
            return []
        } catch {
            return [Problem(error.message, at: read.path.location, hint: error.hint)]
        }
    }

    /// Checks whether a file can be decrypted, without decrypting it.
    func check(_ decryption: Footprint.Decryption) -> [Problem] {
        let (source, identity) = (decryption.source, decryption.identity)
        guard producers.producer(of: identity.path) == nil, !run.files.isDirectory(identity.path),
            (try? run.files.exists(identity.path)) == true,
            let location = try? run.files.location(ofRead: identity.path)
        else { return [] }
        let key = NodeIdentity(reading: location)
        var problems: [Problem] = []
        do {
            try key.requireUsable(at: identity.path)
            problems += checkPrivate(identity.path, at: identity.location)
            try decryption.requireNoPassword(key)
        } catch {
            problems.append(Problem(error.message, at: identity.location, hint: error.hint))
        }
        guard let file = credential(source) else { return problems }
        do {
            try decryption.requireDecryptable(file.bytes, key)
        } catch {
            problems.append(Problem(error.message, at: source.location, hint: error.hint))
        }
        return problems
    }

    /// Reports a certificate that may expire because its task does not run again in time.
    func lateRenewals(_ task: PlannedTask) -> [Problem] {
        guard let issued = task.footprint.issuedCertificate else { return [] }
        let renewBefore = issued.renewBefore
        let fault: String
        switch task.interval {
        case nil: fault = "has no 'every', so on a node that keeps running its certificate expires"
        case let interval? where interval + repetitionDelay(interval) > renewBefore:
            fault =
                "repeats every \(interval.text), up to \(repetitionDelay(interval).text) later, and its certificate is due "
                + "\(renewBefore.text) before its end, so it may expire before"
        case _?: return []
        }
        let interval = min(.seconds(86_400), max(renewBefore / 2, .seconds(1)))
        let hint = "write every: \(interval.text)"
        return [Problem("task '\(task.name)' \(fault)", at: task.location, hint: hint)]
    }
}
