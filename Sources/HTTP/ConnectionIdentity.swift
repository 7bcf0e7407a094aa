import Base

/// The TLS settings, credentials and proxy of a request.
public struct ConnectionIdentity: Sendable, Hashable {
    /// The only certificate authorities to trust, as PEM, or `nil` to trust the system's authorities.
    public var certificateAuthority: [UInt8]?

    /// The client certificate and its intermediates, as PEM.
    public var clientCertificate: [UInt8]?

    /// The private key of the client certificate, as PEM.
    public var clientKey: [UInt8]?
    public var token: BearerToken?

    /// The name for SNI and verification of the server's certificate, if it differs from the URL's host.
    public var serverName: String?

    /// The URL of the proxy.
    ///
    /// If `nil`, libcurl's proxy environment variables apply, except for loopback hosts.
    public var proxy: String?

    /// Creates an identity without a client certificate.
    public init(certificateAuthority: [UInt8]? = nil, token: BearerToken? = nil) {
        (self.certificateAuthority, self.token) = (certificateAuthority, token)
    }
}

/// The source of a token.
public enum BearerToken: Sendable, Hashable {
    /// The token itself.
    case value(String)
    /// A file that is read for each request.
    case file(String)
}

extension BearerToken {
    func read() throws(TransportError) -> String {
        let (bytes, name): ([UInt8], String)
        switch self {
        case .value(let value): (bytes, name) = (Array(value.utf8), "the bearer token")
        case .file(let path):
            do throws(SystemError) {
                (bytes, name) = (try readFile(path, limit: SizeLimit.configuration), "token file '\(path)'")
            } catch {
                throw TransportError(.invalidRequest, "\(error)")
            }
        }
        guard let token = Self.token(in: bytes) else {
            let message = "\(name) contains no valid token: it must be one line without spaces"
            throw TransportError(.invalidRequest, message)
        }
        return token
    }

    /// Returns the only non-empty line; returns `nil` if there are none or several, or the line is not visible ASCII.
    public static func token(in bytes: [UInt8]) -> String? {
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: true)
        guard let line = lines.first, lines.count == 1, line.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            return nil
        }
        return String(decoding: line, as: UTF8.self)
    }
}
