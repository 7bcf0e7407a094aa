public import Base
public import HTTP
import Host
public import Planning

/// An issuer that creates the CA, the certificates and the encrypted keys of a set, in memory.
struct SetIssuer: Sendable {
    let set: CertificateSet
    let now: Timestamp
    let age: Age

    struct Made: Sendable {
        let files: CertificateSet.Files
        let certificate: Certificate
        let key: [UInt8]

        func write(below directory: String) throws(SystemError) {
            try FileSystem.write(Array(certificate.pem.utf8), to: "\(directory)/\(files.certificate)", mode: 0o644)
            try FileSystem.write(key, to: "\(directory)/\(files.key)", mode: 0o644)
        }
    }

    struct Authority: Sendable {
        let certificate: Certificate
        let key: PrivateKey
    }

    /// A function that receives a certificate's declaration and expiry, or `nil` if only its key was encrypted again.
    typealias Progress = @Sendable (LeafDeclaration, Timestamp?) -> Void

    private static let parallelCount = 4

    // MARK: The CA

    func newAuthority() async throws(Problem) -> Authority {
        let declaration = set.declarations.authority
        let contents = CertificateContents(
            commonName: declaration.commonName,
            organizations: declaration.organizations,
            isAuthority: true,
            validFrom: Timestamp(seconds: now.seconds - CertificateComparison.backdating),
            validUntil: Timestamp(seconds: now.seconds + declaration.validity.components.seconds),
        )
        do throws(TLSError) {
            let key = try await onThread { () throws(TLSError) in try PrivateKey(generating: declaration.key) }
            return Authority(certificate: try key.certify(contents), key: key)
        } catch {
            throw Problem("CA \(declaration.name): \(error)")
        }
    }

    /// Decrypts the key of a CA; the key must belong to the certificate.
    func authority(_ certificate: Certificate, keyFile: String) async throws(Problem) -> Authority {
        let key = try await key(keyFile, "the key of the CA")
        guard key.belongs(to: certificate) else {
            let message = "the key of the CA, '\(set.path(keyFile))', belongs to another certificate"
            let files = "'\(set.path(set.authorityFiles.certificate))' and its key"
            throw Problem(message, hint: "restore \(files), for example with git")
        }
        return Authority(certificate: certificate, key: key)
    }

    func encryptedKey(of authority: Authority) async throws(Problem) -> [UInt8] {
        try await age.encrypt(try pem(authority.key), to: set.operators)
    }

    // MARK: The certificates of nodes

    /// Issues certificates in parallel; the first failure cancels the others and is thrown.
    ///
    /// The given keys are kept, and all other certificates get new keys.
    func make(
        _ leaves: [LeafDeclaration],
        keeping keys: [LeafDeclaration: PrivateKey] = [:],
        by authority: Authority,
        _ onProgress: @escaping Progress,
    ) async throws(Problem) -> [Made] {
        var made: [Made] = []
        var failure: Problem?
        await withTaskGroup(of: Result<Made, Problem>.self) { group in
            var waiting = leaves[...]
            func startNext() {
                guard let leaf = waiting.popFirst() else { return }
                group.addTask {
                    do throws(Problem) {
                        let pair = try await make(leaf, keeping: keys[leaf], by: authority)
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

    private func make(
        _ leaf: LeafDeclaration,
        keeping present: PrivateKey?,
        by authority: Authority,
    ) async throws(Problem) -> Made {
        let made: (certificate: Certificate, key: PrivateKey)
        do throws(TLSError) {
            made = try await issue(leaf, keeping: present, at: now, by: authority.certificate, authority.key)
        } catch {
            throw Problem("certificate '\(leaf.name)' of node '\(leaf.node)': \(error)")
        }
        let encrypted = try await age.encrypt(try pem(made.key), to: recipients(of: leaf))
        return Made(files: set.files(of: leaf), certificate: made.certificate, key: encrypted)
    }

    /// Decrypts the key of a certificate, and encrypts it to its declared recipients.
    func encryptAgain(_ leaf: LeafDeclaration) async throws(Problem) -> [UInt8] {
        let text = try await decrypt(set.files(of: leaf).key, Self.subject(leaf))
        return try await age.encrypt(text, to: recipients(of: leaf))
    }

    /// Decrypts the existing keys of certificates, one at a time because `age` may ask for a password.
    func keys(of leaves: [LeafDeclaration]) async throws -> [LeafDeclaration: PrivateKey] {
        var keys: [LeafDeclaration: PrivateKey] = [:]
        for leaf in leaves {
            let file = set.files(of: leaf).key
            if try set.read(file) != nil { keys[leaf] = try await key(file, Self.subject(leaf)) }
        }
        return keys
    }

    private static func subject(_ leaf: LeafDeclaration) -> String {
        "the key of certificate '\(leaf.name)' of node '\(leaf.node)'"
    }

    private func recipients(of leaf: LeafDeclaration) -> RecipientList { set.recipients[leaf.node] ?? set.operators }

    // MARK: Keys

    private func key(_ file: String, _ subject: String) async throws(Problem) -> PrivateKey {
        let text = try await decrypt(file, subject)
        do throws(TLSError) {
            return try PrivateKey(pem: text)
        } catch {
            throw Problem("\(subject), '\(set.path(file))', \(error)")
        }
    }

    private func decrypt(_ file: String, _ subject: String) async throws(Problem) -> SecretBytes {
        let path = set.path(file)
        guard !age.identities.isEmpty else {
            let message = "\(subject), '\(path)', is needed, and it is encrypted"
            throw Problem(
                message,
                hint: "pass '--identity FILE' with the private key of an operator"
            )
        }
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try set.read(file) ?? []
        } catch {
            throw Problem("\(error)", hint: error.advice)
        }
        return try await age.decrypt(bytes, path: path)
    }

    private func pem(_ key: PrivateKey) throws(Problem) -> SecretBytes {
        do throws(TLSError) {
            return try key.pem()
        } catch {
            throw Problem("\(error)")
        }
    }
}

/// Issues a declared certificate for the given key or a new key; the certificate expires no later than the CA.
public func issue(
    _ leaf: LeafDeclaration,
    keeping present: PrivateKey? = nil,
    at now: Timestamp,
    by authority: Certificate,
    _ authorityKey: PrivateKey,
) async throws(TLSError) -> (certificate: Certificate, key: PrivateKey) {
    let key: PrivateKey
    if let present {
        key = present
    } else {
        key = try await onThread { () throws(TLSError) in try PrivateKey(generating: leaf.key) }
    }
    let end = min(now.seconds + leaf.validity.components.seconds, authority.validUntil.seconds)
    let contents = CertificateContents(
        commonName: leaf.commonName,
        organizations: leaf.organizations,
        names: leaf.names,
        usages: leaf.usages,
        validFrom: Timestamp(seconds: now.seconds - CertificateComparison.backdating),
        validUntil: Timestamp(seconds: end),
    )
    return (try authorityKey.issue(contents, for: key, by: authority), key)
}

extension LeafDeclaration {
    /// Whether the key signs tokens, which a new key would invalidate.
    var signsTokens: Bool { usages.contains(.signing) }
}
