public import Base
public import TLS

/// A warning about a certificate that is valid now.
public struct CertificateWarning: Sendable {
    /// The warning.
    public var problem: Problem

    /// The certificate, if it expires soon; `nil` for every other warning.
    public var expiring: Certificate?

    public init(_ problem: Problem, expiring: Certificate? = nil) {
        (self.problem, self.expiring) = (problem, expiring)
    }
}

/// Certificates that are valid now, but expire soon.
extension CredentialCheck {
    /// The role of a certificate.
    public enum CertificateRole: Sendable {
        /// A certificate that identifies a client.
        case client
        /// A certificate that issues other certificates.
        case authority
        /// A certificate that identifies a server.
        case server
    }

    /// The longest time before its expiry from which a certificate causes a warning by default: 30 days.
    private static let longestWarning = Duration.seconds(30 * 86_400)

    /// Returns the time before its expiry from which a certificate causes a warning.
    private func warningLimit(of certificate: Certificate) -> Duration {
        let validity = Duration.seconds(certificate.validUntil.seconds - certificate.validFrom.seconds)
        return warnBefore ?? min(validity / 10, Self.longestWarning)
    }

    /// Returns warnings about the certificates of a file that expire soon.
    ///
    /// Certificates that are not valid now are reported elsewhere, as errors.
    ///
    /// - Parameters:
    ///   - file: The file.
    ///   - role: The role of the first certificate; the other certificates are treated as CA certificates.
    ///   - limit: The time before its expiry from which a certificate causes a warning, `nil` for the usual one.
    /// - Returns: The warnings.
    public func warnings(
        of file: CredentialFile,
        as role: CertificateRole,
        within limit: Duration? = nil,
    ) -> [CertificateWarning] {
        let certificates = (try? Certificate.read(pem: file.bytes)) ?? []
        var warnings: [CertificateWarning] = []
        for (index, certificate) in certificates.enumerated() {
            // While a CA is being replaced, the file contains both the old and the new certificate.
            let isReplaced = certificates.contains {
                $0.subject == certificate.subject && $0.validUntil > certificate.validUntil
            }
            guard !isReplaced else { continue }
            let own = index == 0 ? role : .authority
            warnings += warning(of: certificate, in: "'\(file.name)'", as: own, within: limit).map { [$0] } ?? []
        }
        return warnings
    }

    /// Returns a warning about a certificate that expires soon.
    ///
    /// - Parameters:
    ///   - certificate: The certificate.
    ///   - place: The file or server that has the certificate, in quotes.
    ///   - role: The role of the certificate.
    ///   - limit: The time before its expiry from which the certificate causes a warning, `nil` for the usual one.
    /// - Returns: The warning, `nil` if the certificate expires later or is not valid now.
    public func warning(
        of certificate: Certificate,
        in place: String,
        as role: CertificateRole,
        within limit: Duration? = nil,
    ) -> CertificateWarning? {
        let left = certificate.validUntil.seconds - now.seconds
        guard left >= 0, .seconds(left) < limit ?? warningLimit(of: certificate), certificate.validFrom <= now else {
            return nil
        }
        let (name, hint) =
            switch role {
            case .client:
                (
                    "client certificate",
                    "renew it: have CA '\(certificate.issuer)' issue a certificate for the same subject, and replace the file"
                )
            case .authority:
                (
                    "CA",
                    "renew it: issue a CA certificate with the same subject and key, and replace the file where it is used"
                )
            case .server:
                (
                    "server certificate of",
                    "renew it: have CA '\(certificate.issuer)' issue a certificate for the same names, and restart the server"
                )
            }
        let when = "expires in \(Self.words(left)) (at \(certificate.validUntil))"
        let message = "\(name) \(place) ('\(certificate.subject)') \(when)"
        return CertificateWarning(Problem(message, hint: hint), expiring: certificate)
    }
}
