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

    /// The server as `host:port`; empty if the error concerns no particular server.
    public var address: String

    public var message: String

    /// The server's certificate, if it was refused.
    public var peer: Certificate?

    /// The error with which the receiver of the body has ended the transfer.
    public var refusal: SystemError?

    public init(_ kind: Kind, _ message: String, address: String = "", peer: Certificate? = nil) {
        (self.kind, self.message, self.address, self.peer) = (kind, message, address, peer)
    }

    public var description: String { message }
}

extension TransportError {
    func located(at url: RequestURL) -> TransportError {
        var located = self
        located.address = url.address
        return located
    }

    /// Creates the error of a request whose task was cancelled, or whose client was shut down.
    static func cancelled(_ request: PreparedRequest) -> TransportError {
        TransportError(.cancelled, "the request to '\(request.url.address)' was cancelled").located(at: request.url)
    }

    /// Creates the error of a request whose deadline passed while it was queued.
    static func timedOutInQueue(_ request: PreparedRequest) -> TransportError {
        let address = request.url.address
        let message =
            request.allowance > .zero
            ? "the request to '\(address)' was queued behind others for \(request.allowance.humanReadable)"
            : "no time was left for a request to '\(address)'"
        return TransportError(.timedOut, message).located(at: request.url)
    }
}
