public import Base
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
    public func serverCertificateWarning(now: Timestamp = .now()) -> Problem? {
        peer.certificate.flatMap {
            CredentialCheck(now: now).warning(of: $0, in: "'\(kubeconfig.address)'", as: .server)
        }
    }
}
