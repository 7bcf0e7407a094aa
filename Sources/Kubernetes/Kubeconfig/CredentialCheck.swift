public import Base
public import TLS

/// PEM data with a name for messages.
public struct CredentialFile: Sendable {
    /// The path, or the setting that contains the data.
    public var name: String
    /// The PEM data.
    public var bytes: [UInt8]
    /// Whether the data is a value of another file, so that the name is not a path.
    public var isValue: Bool
    /// The key or setting that names the file, such as `certificate`.
    public var setting: String?
    /// The place of the setting, where the problems of the file are reported.
    public var location: SourceLocation?

    public init(
        name: String,
        bytes: [UInt8],
        isValue: Bool = false,
        setting: String? = nil,
        at location: SourceLocation? = nil,
    ) {
        (self.name, self.bytes, self.isValue) = (name, bytes, isValue)
        (self.setting, self.location) = (setting, location)
    }

    /// Returns the problem of data that cannot be read.
    public func problem(_ error: TLSError, isKey: Bool = false) -> Problem {
        let role = isKey ? "key" : "certificate"
        let explained = error.explained(by: bytes, path: isValue ? nil : name, isKey: isKey)
        return Problem(
            "\(role) '\(name)' \(explained.message)",
            at: location,
            hint: explained.hint
        )
    }
}

/// A certificate that is not valid yet, the cause of a ``Base/Problem`` that passes once the node's clock is set.
public struct NotYetValid: Error, Sendable, CustomStringConvertible {
    /// The certificate, with its role and file.
    public var subject: String
    /// The instant from which the certificate is valid.
    public var validFrom: Timestamp
    /// The way to a certificate or token that is valid now, for messages.
    public var renewal: String

    /// The certificate and the instant, without the node's clock, so that the text stays the same.
    public var description: String { "\(subject) is not valid before \(validFrom)" }
}

/// The checks of a client's credentials before they are written or used.
///
/// A server reports all of these errors with the same `Unauthorized`, or with a TLS alert that gives no reason.
public struct CredentialCheck: Sendable {
    /// The current time, by the node's clock.
    public var now: Timestamp

    /// The time before its expiry from which a certificate causes a warning, `nil` for a share of its validity.
    public var warnBefore: Duration?

    /// Creates a check at an instant.
    public init(now: Timestamp = .now(), warnBefore: Duration? = nil) {
        (self.now, self.warnBefore) = (now, warnBefore)
    }

    /// Reads a CA file and returns its usable certificates.
    ///
    /// A file may contain several certificates: while a CA is being replaced, the old and the new CA are both trusted.
    ///
    /// - Throws: ``Base/Problem`` if the file is unreadable, or none of its certificates is a CA that is valid now.
    public func authority(_ file: CredentialFile) throws(Problem) -> [Certificate] {
        var usable: [Certificate] = []
        var first: Problem?
        for certificate in try Self.certificates(in: file, ofAuthority: true) {
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

    private func checkAuthority(_ certificate: Certificate, in file: CredentialFile) throws(Problem) {
        guard certificate.isAuthority else {
            throw Problem(
                "'\(file.name)' is not a CA: its certificate '\(certificate.subject)' may not issue certificates",
                at: file.location,
                hint: file.setting == "ca.certificate"
                    ? "name the certificate of a CA, and its key in 'ca.key'"
                    : "name the file of the CA that issued the API server's certificate",
            )
        }
        try checkSupport(of: certificate, in: file)
        try checkValidity(of: certificate, in: file, as: "CA")
    }

    /// Checks that a client certificate and its key belong together and are valid now.
    ///
    /// - Parameters:
    ///   - certificate: The certificate.
    ///   - key: The key.
    ///   - owner: The task or user whose credentials they are, such as `task 'admin'`.
    ///   - isWithToken: Whether a token also identifies the client; the server uses the token if the certificate does
    ///     not identify clients.
    /// - Returns: The client's own certificate, the first of its file.
    /// - Throws: ``Base/Problem`` with the file at fault.
    public func client(
        certificate: CredentialFile,
        key: CredentialFile,
        of owner: String? = nil,
        isWithToken: Bool = false,
    ) throws(Problem) -> Certificate {
        try Self.requireNotExchanged(certificate, key, of: owner)
        let all = try Self.certificates(in: certificate)
        guard let own = all.first else {
            throw Problem("'\(certificate.name)' contains no certificate")
        }
        let privateKey = try Self.privateKey(in: key)
        guard privateKey.belongs(to: own) else {
            if let index = all.firstIndex(where: { privateKey.belongs(to: $0) }) {
                throw Self.wrongOrder(all, index, in: certificate, key: key.name)
            }
            guard !own.isAuthority else {
                throw Problem(
                    "certificate '\(certificate.name)' ('\(own.subject)') is that of a CA, and key '\(key.name)' does not belong "
                        + "to it",
                    at: certificate.location,
                    hint: "name the client's certificate",
                )
            }
            throw Problem(
                "key '\(key.name)' does not belong to certificate '\(certificate.name)' ('\(own.subject)')",
                at: key.location,
                hint: "name the key that belongs to this certificate, or issue a new pair",
            )
        }
        try checkSupport(of: own, in: certificate)
        try checkSignature(of: own, in: certificate)
        guard isWithToken || own.mayIdentifyClient else {
            throw Problem(
                "certificate '\(certificate.name)' ('\(own.subject)') is not valid for client authentication: "
                    + "its extended key usage is for \(own.purposes.reversed().joined(separator: " and "))",
                hint: "name the client's certificate, or issue one with the extended key usage clientAuth",
            )
        }
        try checkValidity(of: own, in: certificate, as: "client certificate")
        return own
    }

    /// Checks that a CA issued a client certificate, and that the intermediate certificates are valid for clients now.
    ///
    /// - Throws: ``Base/Problem`` that names both files, or the intermediate certificate at fault.
    public func chain(
        of certificate: CredentialFile,
        to authority: CredentialFile,
    ) throws(Problem) {
        let (chain, authorities) = (try Self.certificates(in: certificate), try Self.certificates(in: authority))
        guard let own = chain.first else { return }
        let intermediates = Array(chain.dropFirst())
        do throws(TLSError) {
            try own.verify(by: authorities, intermediates: intermediates, at: nil)
        } catch {
            guard [.wrongSignature, .unknownIssuer, .selfSigned].contains(error.kind) else {
                throw Problem("certificate '\(certificate.name)' ('\(own.subject)') \(error)")
            }
            if let same = authorities.first(where: { $0.subject == own.issuer }) {
                throw Problem(
                    "certificate '\(certificate.name)' ('\(own.subject)') is not signed by the key of "
                        + "'\(authority.name)': both say '\(same.subject)', but the keys differ",
                    hint: "the CA was probably recreated: name the one that issued the certificate, "
                        + "or issue the certificate again",
                )
            }
            let subjects = authorities.map { "'\($0.subject)'" }.joined(separator: ", ")
            throw Problem(
                "certificate '\(certificate.name)' ('\(own.subject)') was issued by '\(own.issuer)', "
                    + "but '\(authority.name)' is CA \(subjects)",
                hint:
                    "name a certificate that this CA issued; if the API server has one CA for clients and another for "
                    + "itself, name a file that contains both",
            )
        }
        try checkIssuers(of: own, in: certificate, intermediates, authorities, of: authority)
    }

    /// Verifies the chain from a client certificate to a CA, and then checks the intermediate certificates.
    private func checkIssuers(
        of own: Certificate,
        in file: CredentialFile,
        _ intermediates: [Certificate],
        _ authorities: [Certificate],
        of authority: CredentialFile,
    ) throws(Problem) {
        let issuers: [Certificate]
        do throws(TLSError) {
            issuers = try own.verify(by: authorities, intermediates: intermediates, at: now)
        } catch {
            for intermediate in (try? own.verify(by: authorities, intermediates: intermediates, at: nil)) ?? []
            where intermediates.contains(intermediate) {
                try checkValidity(of: intermediate, in: file, as: "intermediate certificate")
            }
            throw Problem(
                "certificate '\(file.name)' ('\(own.subject)') \(error)",
                hint: "name the CA that is valid now and issued it, or set the node's clock",
            )
        }
        for issuer in issuers {
            try checkSupport(of: issuer, in: intermediates.contains(issuer) ? file : authority)
            // A trusted certificate is not checked with its signature.
            if intermediates.contains(issuer) { try checkSignature(of: issuer, in: file) }
            guard issuer.mayIdentifyClient else {
                throw Problem(
                    "certificate '\(file.name)' ('\(own.subject)') is not valid for client authentication: its issuer "
                        + "'\(issuer.subject)' may issue certificates only for "
                        + issuer.purposes.reversed().joined(separator: " and "),
                    hint: "issue it with a CA whose extended key usage includes clientAuth, or has none",
                )
            }
        }
    }

    /// Reads the certificates of a file.
    ///
    /// - Parameters:
    ///   - file: The file.
    ///   - isAuthority: Whether the certificates are used as CA certificates.
    /// - Returns: The certificates, at least one.
    /// - Throws: ``Base/Problem`` if the file contains no certificate, or a certificate cannot be read.
    public static func certificates(
        in file: CredentialFile,
        ofAuthority isAuthority: Bool = false,
    ) throws(Problem) -> [Certificate] {
        do {
            return try Certificate.read(pem: file.bytes, ofAuthority: isAuthority)
        } catch {
            throw file.problem(error)
        }
    }

    /// Reads the private key of a file.
    ///
    /// - Throws: ``Base/Problem`` if the file contains no private key, or the key cannot be read.
    @discardableResult
    public static func privateKey(in file: CredentialFile) throws(Problem) -> PrivateKey {
        do {
            return try PrivateKey.read(pem: file.bytes)
        } catch {
            throw file.problem(error, isKey: true)
        }
    }

    /// Refuses a private key in the place of the certificate and a certificate in the place of the private key.
    ///
    /// - Parameters:
    ///   - certificate: The file in the place of the certificate.
    ///   - key: The file in the place of the key.
    ///   - owner: The task or user whose files they are, such as `task 'admin'`.
    /// - Throws: ``Base/Problem`` with both files, if each is in the place of the other.
    public static func requireNotExchanged(
        _ certificate: CredentialFile,
        _ key: CredentialFile,
        of owner: String? = nil,
    ) throws(Problem) {
        let first = ContentFormat.recognised(certificate.bytes, path: certificate.name)
        guard let first, first.kind == .privateKey || first.kind == .encryptedKey,
            ContentFormat.recognised(key.bytes, path: key.name)?.kind == .certificate
        else { return }
        let settings = (certificate.setting ?? "certificate", key.setting ?? "key")
        func written(_ setting: String) -> String { String(setting.split(separator: ".").last ?? "") }
        throw Problem(
            "'\(settings.0)' and '\(settings.1)'\(owner.map { " of \($0)" } ?? "") are exchanged: '\(certificate.name)' is "
                + "\(first.name), and '\(key.name)' a certificate",
            at: certificate.location,
            hint: "write \(written(settings.0)): \(key.name) and \(written(settings.1)): \(certificate.name)",
        )
    }

    /// Returns the problem of a file in which the certificate of the key follows another one.
    ///
    /// - Parameters:
    ///   - all: The certificates of the file.
    ///   - index: The index of the one to which the key belongs.
    ///   - file: The file.
    ///   - key: The name of the file with the key.
    /// - Returns: The problem.
    public static func wrongOrder(
        _ all: [Certificate],
        _ index: Int,
        in file: CredentialFile,
        key: String,
    ) -> Problem {
        let (own, first) = (all[index], all[0])
        let rest = all.indices.filter { $0 != index }.map { "'\(all[$0].subject)'" }.joined(separator: ", ")
        return Problem(
            "certificate file '\(file.name)' begins with '\(first.subject)'\(first.isAuthority ? ", a CA" : ""), and key "
                + "'\(key)' belongs to its certificate \(index + 1) of \(all.count), '\(own.subject)': the certificate of "
                + "the key must be the first one",
            at: file.location,
            hint: "write the certificates in the order '\(own.subject)', \(rest)",
        )
    }

    /// Refuses a certificate whose signature the API server does not verify.
    private func checkSignature(of certificate: Certificate, in file: CredentialFile) throws(Problem) {
        guard certificate.isSignedWithSHA1 else { return }
        throw Problem(
            "certificate '\(file.name)' ('\(certificate.subject)') is signed with SHA-1, which the API server refuses since "
                + "version 1.24",
            at: file.location,
            hint: "have CA '\(certificate.issuer)' sign it again with SHA-256, with option '-sha256' of openssl",
        )
    }

    private func checkSupport(of certificate: Certificate, in file: CredentialFile) throws(Problem) {
        guard let part = certificate.unsupportedPart else { return }
        throw Problem(
            "certificate '\(file.name)' ('\(certificate.subject)') \(part), "
                + "which programs in Go, such as kubectl and the API server, refuse",
            hint: "issue it again, with a key of type ecdsa-p256, ed25519 or rsa-2048",
        )
    }

    private func checkValidity(
        of certificate: Certificate,
        in file: CredentialFile,
        as role: String,
    ) throws(Problem) {
        let subject = "\(role) '\(file.name)' ('\(certificate.subject)')"
        if certificate.validUntil < now {
            let ago = Self.words(now.seconds - certificate.validUntil.seconds)
            throw Problem(
                "\(subject) expired \(ago) ago (at \(certificate.validUntil); the node's clock says \(now))",
                hint: certificate.subject == certificate.issuer
                    ? "set the node's clock if it is wrong, or renew the CA and what it issued"
                    : "renew it: have CA '\(certificate.issuer)' issue a certificate for the same subject, "
                        + "or set the node's clock",
            )
        }
        if now < certificate.validFrom {
            let isSelfSigned = certificate.subject == certificate.issuer
            let renewal =
                isSelfSigned
                ? "make a CA that is valid now, and new certificates with it"
                : "have CA '\(certificate.issuer)' issue a certificate that is valid now"
            let cause = NotYetValid(subject: subject, validFrom: certificate.validFrom, renewal: renewal)
            throw Problem(
                "\(cause) (the node's clock says \(now))",
                hint: "set the node's clock, or \(renewal)",
                cause: cause,
            )
        }
    }

    /// Formats a number of seconds in its largest unit.
    static func words(_ seconds: Int64) -> String {
        let units: [(Int64, String)] = [(86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")]
        let (size, name) = units.first { seconds >= $0.0 } ?? (1, "second")
        let count = seconds / size
        return "\(count) \(name)\(count == 1 ? "" : "s")"
    }
}
