public import Base
public import TLS

/// Certificates that are valid now, and end soon or have properties that newer versions of Kubernetes refuse.
extension CredentialCheck {
    /// What a certificate is for.
    public enum CertificateRole: Sendable {
        /// It identifies a client.
        case client
        /// It issues others.
        case authority
        /// It identifies a server.
        case server
    }

    /// Certificates that end within 30 days are warned of.
    public static let warningLimit = Duration.seconds(30 * 86_400)

    /// Warns of the certificates of a file that end soon; what is not valid now is an error elsewhere.
    ///
    /// - Parameters:
    ///   - file: The file.
    ///   - role: What its first certificate is for; the others are those of CAs.
    ///   - limit: How long before its end a certificate is warned of.
    /// - Returns: The warnings.
    public func warnings(
        of file: CredentialFile,
        as role: CertificateRole,
        within limit: Duration = warningLimit,
    ) -> [Problem] {
        let certificates = (try? Certificate.read(pem: file.bytes)) ?? []
        var problems: [Problem] = []
        for (index, certificate) in certificates.enumerated() {
            // While a CA is replaced, its old certificate is in the file beside the new one.
            let isReplaced = certificates.contains {
                $0.subject == certificate.subject && $0.validUntil > certificate.validUntil
            }
            guard !isReplaced else { continue }
            let own = index == 0 ? role : .authority
            problems += warning(of: certificate, in: "'\(file.name)'", as: own, within: limit).map { [$0] } ?? []
            problems += certificate.weaknesses.map { weakness in
                Problem(
                    "certificate '\(file.name)' ('\(certificate.subject)') \(weakness.part), which Kubernetes refuses since "
                        + "version \(weakness.refusedSince)",
                    hint: "issue it again \(weakness.remedy)"
                )
            }
        }
        return problems
    }

    /// Warns of a certificate that ends soon.
    ///
    /// - Parameters:
    ///   - certificate: The certificate.
    ///   - place: Where it is, in quotes.
    ///   - role: What it is for.
    ///   - limit: How long before its end it is warned of.
    /// - Returns: The warning, `nil` if it lasts longer or is not valid now.
    public func warning(
        of certificate: Certificate,
        in place: String,
        as role: CertificateRole,
        within limit: Duration = warningLimit,
    ) -> Problem? {
        let left = certificate.validUntil.seconds - now.seconds
        guard left >= 0, .seconds(left) < limit, certificate.validFrom <= now else { return nil }
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
        return Problem("\(name) \(place) ('\(certificate.subject)') \(when)", hint: hint)
    }
}
