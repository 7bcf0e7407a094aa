public import Base

/// The reason why a request has no complete response.
public struct TransportError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kinds of errors that callers treat differently.
    public enum Kind: String, Sendable, Hashable {
        /// The name of the host or proxy cannot be resolved.
        case resolve
        /// The connection to the port was refused.
        case refused
        /// The address cannot be reached.
        case unreachable
        /// The deadline or a timeout passed.
        case timedOut
        /// The connection or the stream was closed before the response was complete.
        case closed
        /// The server's certificate is not trusted.
        case untrusted
        /// The server's certificate is not valid for the host.
        case hostName
        /// The server's certificate, or another in its chain, has expired.
        case serverCertificateExpired
        /// The server's certificate, or another in its chain, is not valid yet.
        case serverCertificateNotYetValid
        /// TLS failed for a reason other than a certificate, or the server does not speak HTTP.
        case tls
        /// The server refused the client certificate.
        case clientCertificateRefused
        /// The URL, a credential or another part of the request cannot be used; nothing was sent.
        case invalidRequest
        /// The response is larger than allowed.
        case replyTooLarge
        /// There were too many redirections, or one to a protocol that is not allowed.
        case redirect
        /// The task was cancelled or the client shut down.
        case cancelled
        case other
    }

    public var kind: Kind

    public var message: String

    /// The server's certificate, if it was refused.
    public var peer: Certificate?

    /// The error with which the receiver of the body has ended the transfer.
    public var refusal: SystemError?

    public init(_ kind: Kind, _ message: String, peer: Certificate? = nil) {
        (self.kind, self.message, self.peer) = (kind, message, peer)
    }

    public var description: String { message }
}

extension TransportError {
    /// Creates the error of a request whose task was cancelled, or whose client was shut down.
    static func cancelled(_ request: PreparedRequest) -> TransportError {
        TransportError(.cancelled, "the request to '\(request.url.address)' was cancelled")
    }

    /// Creates the error of a request whose deadline had passed before it was sent.
    static func noTimeLeft(_ request: PreparedRequest) -> TransportError {
        TransportError(.timedOut, "no time was left for a request to '\(request.url.address)'")
    }
}
