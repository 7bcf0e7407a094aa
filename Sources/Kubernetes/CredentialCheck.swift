public import PKI

/// A piece of PEM with the name that messages give it.
public struct CredentialFile: Sendable {
    /// The path, or the setting that holds it inline.
    public var name: String
    /// The PEM.
    public var bytes: [UInt8]

    /// Creates a credential file.
    public init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }
}

/// A certificate, key or CA that cannot be used.
public struct CredentialError: Error, Sendable, CustomStringConvertible {
    /// What is wrong, with the file and its subject.
    public var message: String
    /// What to do about it.
    public var hint: String?
    /// Whether time alone may mend it, as when the node's clock is not set yet.
    public var mayPass = false

    /// Creates an error.
    public init(_ message: String, hint: String? = nil, mayPass: Bool = false) {
        self.message = message
        self.hint = hint
        self.mayPass = mayPass
    }

    /// The message and what to do.
    public var description: String {
        hint.map { "\(message); \($0)" } ?? message
    }
}

/// What a client's credentials must fulfil before they are written down or used.
///
/// A server answers all of these faults with the same `Unauthorized`, or with a TLS alert that names nothing.
public struct CredentialCheck: Sendable {
    /// The node's clock.
    public var now: Timestamp

    /// Creates a check at an instant.
    public init(now: Timestamp = .now()) {
        self.now = now
    }

    /// Reads a CA file and returns those of its certificates that can be used.
    ///
    /// A file may hold several, some of them of yesterday: while a CA is exchanged, old and new stand side by side.
    ///
    /// - Throws: ``CredentialError`` if it is unreadable, or none of its certificates is a CA that is valid now.
    public func authority(_ file: CredentialFile) throws(CredentialError) -> [Certificate] {
        var usable: [Certificate] = []
        var first: CredentialError?
        for certificate in try read(file) {
            do {
                try checkAuthority(certificate, in: file)
                usable.append(certificate)
            } catch {
                first = first ?? error
            }
        }
        if usable.isEmpty, let first { throw first }
        return usable
    }

    private func checkAuthority(_ certificate: Certificate, in file: CredentialFile) throws(CredentialError) {
        guard certificate.isAuthority else {
            throw CredentialError(
                "'\(file.name)' is not a CA: its certificate '\(certificate.subject)' may not issue others",
                hint: "name the file of the CA that issued the API server's certificate",
            )
        }
        try checkValidity(of: certificate, in: file, as: "the CA")
    }

    /// Checks that a client certificate and its key belong together and are valid now.
    ///
    /// - Returns: The client's own certificate, the first of its file.
    /// - Throws: ``CredentialError`` with the file at fault.
    public func client(certificate: CredentialFile, key: CredentialFile) throws(CredentialError) -> Certificate {
        guard let own = try read(certificate).first else {
            throw CredentialError("'\(certificate.name)' holds no certificate")
        }
        let privateKey: PrivateKey
        do {
            privateKey = try PrivateKey.read(pem: key.bytes)
        } catch {
            let hint = error.kind == .encryptedKey ? nil : "name the file of the private key as PEM"
            throw CredentialError("key '\(key.name)' \(error)", hint: hint)
        }
        guard privateKey.belongs(to: own) else {
            throw CredentialError(
                "key '\(key.name)' does not belong to certificate '\(certificate.name)' ('\(own.subject)')",
                hint: "name the key that was made with this certificate, or issue both anew",
            )
        }
        try checkValidity(of: own, in: certificate, as: "client certificate")
        return own
    }

    /// Checks that a client certificate was issued by a CA.
    ///
    /// - Throws: ``CredentialError`` with both files.
    public func chain(
        of certificate: CredentialFile,
        to authority: CredentialFile,
    ) throws(CredentialError) {
        let (chain, authorities) = (try read(certificate), try read(authority))
        guard let own = chain.first else { return }
        guard own.isIssued(by: authorities, intermediates: Array(chain.dropFirst())) else {
            let subjects = authorities.map { "'\($0.subject)'" }.joined(separator: ", ")
            throw CredentialError(
                "certificate '\(certificate.name)' ('\(own.subject)') was issued by '\(own.issuer)', "
                    + "but '\(authority.name)' is CA \(subjects)",
                hint: "name the CA that issued the certificate, or a certificate that this CA issued",
            )
        }
    }

    private func read(_ file: CredentialFile) throws(CredentialError) -> [Certificate] {
        do {
            return try Certificate.read(pem: file.bytes)
        } catch {
            throw CredentialError("certificate '\(file.name)' \(error)", hint: "name the file of a certificate as PEM")
        }
    }

    private func checkValidity(
        of certificate: Certificate,
        in file: CredentialFile,
        as role: String,
    ) throws(CredentialError) {
        let subject = "\(role) '\(file.name)' ('\(certificate.subject)')"
        if certificate.validUntil < now {
            let ago = Self.words(now.seconds - certificate.validUntil.seconds)
            throw CredentialError(
                "\(subject) expired \(ago) ago, at \(certificate.validUntil); the node's clock says \(now)",
                hint: "have '\(certificate.issuer)' issue a new one for the same subject and put it at this path",
            )
        }
        if now < certificate.validFrom {
            let wait = Self.words(certificate.validFrom.seconds - now.seconds)
            throw CredentialError(
                "\(subject) is not valid for another \(wait), until \(certificate.validFrom); the node's clock says \(now)",
                hint: "set the node's clock",
                mayPass: true,
            )
        }
    }

    /// A span of seconds in its largest unit.
    private static func words(_ seconds: Int64) -> String {
        let units: [(Int64, String)] = [(86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")]
        let (size, name) = units.first { seconds >= $0.0 } ?? (1, "second")
        let count = seconds / size
        return "\(count) \(name)\(count == 1 ? "" : "s")"
    }
}
