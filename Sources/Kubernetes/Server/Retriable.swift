public import HTTP

/// An error that says whether the same attempt may succeed later.
public protocol Retriable: Error {
    var disposition: Disposition { get }
    /// The pause that the server asks for; by default `nil`.
    var retryAfter: Duration? { get }
    /// The error as a message, which may contain text that only root may read.
    var words: String { get }
    /// The error as a message that every user may read, by default ``words``.
    var publicWords: String { get }
}

extension Retriable {
    public var retryAfter: Duration? { nil }

    public var publicWords: String { words }
}

/// The decision whether to repeat a failed attempt.
public enum Disposition: Sendable, Hashable {
    /// Retry until the deadline.
    case retry
    /// Retry for the grace period: the error is expected shortly after a boot, or after a CRD or role was created.
    case transient
    /// Do not retry: the attempt fails until its input is changed.
    case permanent
}

extension TransportError: Retriable {
    /// The disposition of each kind of error: a server may still be starting, but a wrong certificate stays wrong.
    ///
    /// A certificate that is not valid yet may mean that the node's clock is not set yet.
    public var disposition: Disposition {
        switch kind {
        case .resolve, .refused, .unreachable, .timedOut, .closed, .serverCertificateNotYetValid, .other: .retry
        case .tls, .clientCertificateRefused: .transient
        case .untrusted, .hostName, .serverCertificateExpired, .invalidRequest, .replyTooLarge, .redirect, .cancelled:
            .permanent
        }
    }

    public var words: String { message }
}
