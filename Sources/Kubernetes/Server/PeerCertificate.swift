import Base
import TLS

/// The certificate that a server last presented.
final class PeerCertificate: Sendable {
    private let der = Locked<[UInt8]?>(nil)

    /// Stores the certificate of a new connection.
    func set(_ certificate: [UInt8]) { der.withLock { $0 = certificate } }

    /// The certificate, or `nil` if no certificate has been stored or it cannot be read.
    var certificate: Certificate? { der.withLock { $0 }.flatMap { try? Certificate(der: $0) } }
}

extension APIClient {
    /// Returns a warning if the server's certificate expires soon.
    ///
    /// - Parameter warnBefore: The time before its expiry from which it does, `nil` for a share of its validity.
    /// - Returns: The warning, `nil` if the certificate expires later or is not known.
    public func serverCertificateWarning(warnBefore: Duration? = nil) -> CertificateWarning? {
        peer.certificate.flatMap {
            CredentialCheck(warnBefore: warnBefore).warning(of: $0, in: "'\(kubeconfig.address)'", as: .server)
        }
    }
}
