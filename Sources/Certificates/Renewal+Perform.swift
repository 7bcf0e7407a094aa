public import Base
import Host
public import Planning
import TLS

extension Renewal {
    /// A certificate with its encrypted key, as the two files have them.
    struct Made: Sendable {
        let files: CertificateSet.Files
        let certificate: Certificate
        let key: [UInt8]
    }

    /// The CA with its key.
    struct Issuer: Sendable {
        let certificate: Certificate
        let key: SigningKey
        /// The files, if they are to be written.
        var made: Made?
    }

    /// The number of keys that are made side by side.
    private static let parallelCount = 4

    /// Does what a plan says: the directory is replaced as a whole, in one step, or not changed.
    ///
    /// - Parameters:
    ///   - plan: What to do; the caller has held the lock since it was made.
    ///   - onProgress: Called with each certificate that was made, and its end; with `nil` if its key was encrypted again.
    /// - Throws: ``Base/Problem`` if something failed. Then the set is unchanged.
    public func perform(
        _ plan: RenewalPlan,
        onProgress: @escaping @Sendable (LeafDeclaration, Timestamp?) -> Void,
    ) async throws(Problem) {
        guard !plan.isEmpty else { return }
        do {
            // Before the keys: a directory that cannot be written is an error at once.
            var staged = try StagedDirectory(replacing: set.directory)
            var made: [Made] = []
            if plan.authority != .keep || !plan.made.isEmpty {
                let issuer = try await issuer(plan.authority)
                made = try await make(plan.made.map(\.leaf), by: issuer, onProgress)
                if let authority = issuer.made { made.append(authority) }
            }
            for leaf in plan.encrypted.map(\.leaf) {
                let path = "\(staged.path)/\(set.files(of: leaf).key)"
                try FileSystem.write(try await encryptAgain(leaf), to: path, mode: 0o644)
                onProgress(leaf, nil)
            }
            for pair in made {
                let path = "\(staged.path)/\(pair.files.certificate)"
                try FileSystem.write(Array(pair.certificate.pem.utf8), to: path, mode: 0o644)
                try FileSystem.write(pair.key, to: "\(staged.path)/\(pair.files.key)", mode: 0o644)
            }
            for file in plan.removed { try staged.remove(file) }
            try staged.publish()
        } catch {
            throw set.unchanged(error)
        }
    }

    // MARK: The CA

    private func issuer(_ change: RenewalPlan.AuthorityChange) async throws(Problem) -> Issuer {
        guard change != .make else { return try await newIssuer() }
        let files = set.authorityFiles
        let key = try await authorityKey(files.key)
        let certificate: Certificate
        do {
            guard let first = try Certificate.read(pem: set.read(files.certificate) ?? []).first else {
                throw TLSError(.missingBlock, "is empty")
            }
            certificate = first
        } catch {
            throw Problem("the certificate of the CA, '\(set.path(files.certificate))', cannot be used: \(error)")
        }
        guard key.belongs(to: certificate) else {
            let message = "the key of the CA, '\(set.path(files.key))', belongs to another certificate"
            throw Problem(message, hint: "restore '\(set.path(files.certificate))' and its key, for example with git")
        }
        guard change != .keep else { return Issuer(certificate: certificate, key: key) }
        let encrypted = try await access.age.encrypt(try pem(key), to: set.operators)
        let made = Made(files: files, certificate: certificate, key: encrypted)
        return Issuer(certificate: certificate, key: key, made: made)
    }

    private func newIssuer() async throws(Problem) -> Issuer {
        let declaration = set.declarations.authority
        let contents = CertificateContents(
            commonName: declaration.commonName,
            organizations: declaration.organizations,
            isAuthority: true,
            validFrom: Timestamp(seconds: now.seconds - CertificateComparison.backdating),
            validUntil: Timestamp(seconds: now.seconds + declaration.validity.components.seconds),
        )
        let key: SigningKey
        let certificate: Certificate
        do throws(TLSError) {
            key = try await onThread { () throws(TLSError) in try SigningKey(generating: declaration.key) }
            certificate = try key.certify(contents)
        } catch {
            throw Problem("CA \(declaration.name): \(error)")
        }
        let encrypted = try await access.age.encrypt(try pem(key), to: set.operators)
        let made = Made(files: set.authorityFiles, certificate: certificate, key: encrypted)
        return Issuer(certificate: certificate, key: key, made: made)
    }

    private func authorityKey(_ file: String) async throws(Problem) -> SigningKey {
        let text = try await decrypt(file, "the key of the CA")
        do throws(TLSError) {
            return try SigningKey(pem: text)
        } catch {
            throw Problem("the key of the CA, '\(set.path(file))', \(error)")
        }
    }

    private func decrypt(_ file: String, _ subject: String) async throws(Problem) -> SecretBytes {
        let path = set.path(file)
        guard !access.identities.isEmpty else {
            let message = "\(subject), '\(path)', is needed, and it is encrypted"
            throw Problem(message, hint: "pass '--identity FILE' with the private key of an operator")
        }
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try set.read(file) ?? []
        } catch {
            throw Problem("\(error)", hint: error.advice)
        }
        return try await access.age.decrypt(bytes, path: path)
    }

    private func pem(_ key: SigningKey) throws(Problem) -> SecretBytes {
        do throws(TLSError) {
            return try key.pem()
        } catch {
            throw Problem("\(error)")
        }
    }

    // MARK: The certificates of nodes

    /// Makes certificates side by side; the first failure ends all.
    private func make(
        _ leaves: [LeafDeclaration],
        by issuer: Issuer,
        _ onProgress: @escaping @Sendable (LeafDeclaration, Timestamp?) -> Void,
    ) async throws(Problem) -> [Made] {
        var made: [Made] = []
        var failure: Problem?
        await withTaskGroup(of: Result<Made, Problem>.self) { group in
            var waiting = leaves[...]
            func startNext() {
                guard let leaf = waiting.popFirst() else { return }
                group.addTask {
                    do throws(Problem) {
                        let pair = try await make(leaf, by: issuer)
                        onProgress(leaf, pair.certificate.validUntil)
                        return .success(pair)
                    } catch {
                        return .failure(error)
                    }
                }
            }
            for _ in 0..<Self.parallelCount { startNext() }
            while let result = await group.next() {
                switch result {
                case .success(let pair): made.append(pair)
                case .failure(let error):
                    failure = failure ?? error
                    waiting = []
                    group.cancelAll()
                }
                startNext()
            }
        }
        if let failure { throw failure }
        return made
    }

    private func encryptAgain(_ leaf: LeafDeclaration) async throws(Problem) -> [UInt8] {
        let subject = "the key of certificate '\(leaf.name)' of node '\(leaf.node)'"
        let text = try await decrypt(set.files(of: leaf).key, subject)
        return try await access.age.encrypt(text, to: set.recipients[leaf.node] ?? set.operators)
    }

    private func make(_ leaf: LeafDeclaration, by issuer: Issuer) async throws(Problem) -> Made {
        let key: SigningKey
        let certificate: Certificate
        do throws(TLSError) {
            (certificate, key) = try await issue(leaf, at: now, by: issuer.certificate, issuer.key)
        } catch {
            throw Problem("certificate '\(leaf.name)' of node '\(leaf.node)': \(error)")
        }
        let recipients = set.recipients[leaf.node] ?? set.operators
        let encrypted = try await access.age.encrypt(try pem(key), to: recipients)
        return Made(files: set.files(of: leaf), certificate: certificate, key: encrypted)
    }
}
