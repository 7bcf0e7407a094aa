public import Base
public import HTTP

/// PEM data, with its name and location for messages.
public struct CredentialFile: Sendable {
    /// The path of the file, or the setting that contains the data.
    public var name: String
    public var bytes: [UInt8]
    /// Whether the name is that of a setting that contains the data, not a path.
    var isValue: Bool
    /// The location of the setting, at which problems of the data are reported.
    public var location: SourceLocation?

    public init(name: String, bytes: [UInt8], isValue: Bool = false, at location: SourceLocation? = nil) {
        (self.name, self.bytes, self.isValue, self.location) = (name, bytes, isValue, location)
    }

    func problem(_ error: TLSError, isKey: Bool = false) -> Problem {
        let explained = error.explained(by: bytes, path: isValue ? nil : name, isKey: isKey)
        let message = "\(isKey ? "key" : "certificate") '\(name)' \(explained.message)"
        return Problem(message, at: location, hint: explained.hint)
    }
}

/// The error of a certificate that is not valid yet, possibly because the node's clock is not set.
public struct NotYetValid: Error, Sendable, CustomStringConvertible {
    /// The description of the certificate by role, file and subject.
    public var subject: String
    public var validFrom: Timestamp

    /// The message; it is the same in every attempt, because it omits the time of the node's clock.
    public var description: String { "\(subject) is not valid before \(validFrom)" }
}

/// The check of a client's credentials before they are written or used.
///
/// A server refuses unusable credentials with `Unauthorized` or a TLS alert, and gives no reason.
public struct CredentialCheck: Sendable {
    private let now: Timestamp

    /// The warning period before a certificate expires; `nil` for a tenth of its validity, at most ``longestWarning``.
    private let warnBefore: Duration?

    public init(now: Timestamp = .now(), warnBefore: Duration? = nil) {
        (self.now, self.warnBefore) = (now, warnBefore)
    }

    /// Reads a CA file, and returns its CA certificates that are valid now.
    ///
    /// While a CA is being replaced, the file contains the old and the new certificate.
    ///
    /// - Throws: ``Base/Problem`` if a certificate cannot be read, or none is usable.
    public func authority(_ file: CredentialFile) throws(Problem) -> [Certificate] {
        var usable: [Certificate] = []
        var first: Problem?
        for certificate in try Self.certificates(in: file) {
            do throws(Problem) {
                guard certificate.isAuthority else {
                    let message = "its certificate '\(certificate.subject)' may not issue certificates"
                    let hint = "name the certificate of the CA"
                    throw Problem("'\(file.name)' is not a CA: \(message)", at: file.location, hint: hint)
                }
                try checkValidity(of: certificate, in: file, as: "CA")
                usable.append(certificate)
            } catch {
                first = first ?? error
            }
        }
        if usable.isEmpty, let first { throw first }
        return usable
    }

    /// Checks that a client certificate belongs to its key, is valid now and allows client authentication.
    ///
    /// With a token, the certificate need not allow client authentication, because the server then uses the token.
    ///
    /// - Returns: The client's own certificate, the first in the file.
    public func client(
        certificate: CredentialFile,
        key: CredentialFile,
        isWithToken: Bool = false,
    ) throws(Problem) -> Certificate {
        let own = try Self.certificates(in: certificate)[0]
        let subject = "certificate '\(certificate.name)' ('\(own.subject)')"
        guard try Self.privateKey(in: key).belongs(to: own) else {
            let message = "key '\(key.name)' does not belong to \(subject), the first of its file"
            let hint = "name the key that belongs to this certificate, or issue a new pair"
            throw Problem(message, at: key.location, hint: hint)
        }
        guard isWithToken || own.mayIdentifyClient else {
            let usages = own.purposes.reversed().joined(separator: " and ")
            let message = "is not valid for client authentication: its extended key usage is for \(usages)"
            let hint = "name the client's certificate, or issue one with the extended key usage clientAuth"
            throw Problem("\(subject) \(message)", hint: hint)
        }
        try checkValidity(of: own, in: certificate, as: "client certificate")
        return own
    }

    /// Checks that a CA issued a client certificate, and that all certificates of the chain are valid now.
    public func chain(of certificate: CredentialFile, to authority: CredentialFile) throws(Problem) {
        let (chain, authorities) = (try Self.certificates(in: certificate), try Self.certificates(in: authority))
        do throws(TLSError) {
            try chain[0].verify(by: authorities, intermediates: Array(chain.dropFirst()), at: now)
        } catch {
            let subjects = authorities.map { "'\($0.subject)'" }.joined(separator: ", ")
            let hint: String? =
                switch error.kind {
                case .wrongSignature:
                    "the CA was probably recreated: name the one that issued the certificate, or issue the certificate again"
                case .unknownIssuer:
                    "name a certificate that this CA issued; if the API server has one CA for clients and another for "
                        + "itself, name a file that contains both"
                case .notValidNow: "name the CA that is valid now and issued it, or set the node's clock"
                default: nil
                }
            let message = "certificate '\(certificate.name)' ('\(chain[0].subject)') \(error)"
            throw Problem("\(message) ('\(authority.name)' is CA \(subjects))", hint: hint)
        }
    }

    /// Reads the certificates in a file, and throws a problem if the file contains none.
    public static func certificates(in file: CredentialFile) throws(Problem) -> [Certificate] {
        do {
            return try Certificate.read(pem: file.bytes)
        } catch {
            throw file.problem(error)
        }
    }

    @discardableResult
    public static func privateKey(in file: CredentialFile) throws(Problem) -> PrivateKey {
        do {
            return try PrivateKey.read(pem: file.bytes)
        } catch {
            throw file.problem(error, isKey: true)
        }
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
                hint: "\(Self.renewal(of: certificate)), or set the node's clock if it is wrong",
            )
        }
        if now < certificate.validFrom {
            let cause = NotYetValid(subject: subject, validFrom: certificate.validFrom)
            throw Problem(
                "\(cause) (the node's clock says \(now))",
                hint: "set the node's clock, or issue a certificate that is valid now",
                cause: cause,
            )
        }
    }

    private static func renewal(of certificate: Certificate) -> String {
        certificate.subject == certificate.issuer
            ? "renew the CA and what it issued"
            : "renew it: have CA '\(certificate.issuer)' issue it again, and replace the file"
    }

    /// Formats a number of seconds in the largest possible unit, rounded down, such as `3 days`.
    static func words(_ seconds: Int64) -> String {
        let units: [(Int64, String)] = [(86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")]
        let (size, name) = units.first { seconds >= $0.0 } ?? (1, "second")
        let count = seconds / size
        return "\(count) \(name)\(count == 1 ? "" : "s")"
    }
}

extension CredentialCheck {
    /// The longest default warning period.
    private static let longestWarning = Duration.seconds(30 * 86_400)

    /// Returns a warning about each valid certificate that expires soon and has no successor in the file.
    ///
    /// `isAuthority` says whether the first certificate is a CA certificate. All others count as CA certificates.
    public func warnings(
        of file: CredentialFile,
        isAuthority: Bool,
    ) -> [(certificate: Certificate, problem: Problem)] {
        let certificates = (try? Certificate.read(pem: file.bytes)) ?? []
        return certificates.enumerated().compactMap { index, certificate in
            // While a CA is being replaced, the file contains both the old and the new certificate.
            let isReplaced = certificates.contains {
                $0.subject == certificate.subject && $0.validUntil > certificate.validUntil
            }
            let validity = Duration.seconds(certificate.validUntil.seconds - certificate.validFrom.seconds)
            let left = certificate.validUntil.seconds - now.seconds
            guard !isReplaced, left >= 0, certificate.validFrom <= now,
                .seconds(left) < warnBefore ?? min(validity / 10, Self.longestWarning)
            else { return nil }
            let role = index == 0 && !isAuthority ? "client certificate" : "CA"
            let when = "expires in \(Self.words(left)) (at \(certificate.validUntil))"
            let message = "\(role) '\(file.name)' ('\(certificate.subject)') \(when)"
            return (certificate, Problem(message, at: file.location, hint: Self.renewal(of: certificate)))
        }
    }
}
