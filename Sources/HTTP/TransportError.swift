public import PKI

/// What a server showed as its certificate.
public typealias PeerCertificate = Certificate

/// Why a request got no response.
public struct TransportError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What went wrong, for those who decide whether it is worth another attempt.
    public enum Kind: String, Sendable, Hashable {
        /// The name of the host or the proxy has no address.
        case resolve
        /// Nobody listens at the address.
        case refused
        /// No way leads to the address.
        case unreachable
        /// The deadline passed.
        case timedOut
        /// The connection was closed before the response was complete.
        case closed
        /// The server gave up this one request of an HTTP/2 connection.
        case reset
        /// The server's certificate was issued by somebody who is not trusted.
        case untrusted
        /// The server's certificate was issued by itself and is not trusted.
        case selfSigned
        /// The server's certificate is for other names.
        case hostName
        /// The server's certificate, or one of its chain, is no longer valid.
        case serverCertificateExpired
        /// The server's certificate, or one of its chain, is not valid yet.
        case serverCertificateNotYetValid
        /// The two sides cannot agree on how to speak TLS.
        case tls
        /// Our own certificate, key or authority cannot be used; nothing was sent.
        case clientCertificate
        /// The server does not accept our certificate.
        case clientCertificateRefused
        /// A file that the access names cannot be read; nothing was sent.
        case unreadableFile
        /// The response is larger than allowed.
        case replyTooLarge
        /// A redirection leads nowhere, in circles or out of TLS.
        case redirect
        /// The task was cancelled or the client shut down.
        case cancelled
        /// The URL or another part of the request is not well-formed; nothing was sent.
        case invalidURL
        /// Something else, in libcurl's words.
        case other
    }

    /// What went wrong.
    public var kind: Kind

    /// The URL, without user name and password.
    public var url: String

    /// The server as `host:port`, or empty if there is none.
    public var address: String

    /// What went wrong in words that name the server, the proxy or the file.
    public var message: String

    /// The server's certificate, if it was refused.
    public var peer: PeerCertificate?

    /// Creates an error.
    public init(_ kind: Kind, _ message: String, url: String = "", address: String = "", peer: PeerCertificate? = nil) {
        self.kind = kind
        self.message = message
        self.url = url
        self.address = address
        self.peer = peer
    }

    /// The message alone, which names its subject.
    public var description: String { message }
}
