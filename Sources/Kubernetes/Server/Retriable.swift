public import HTTP

/// An error that says whether the same attempt may succeed later.
public protocol Retriable: Error {
    /// Whether another attempt is worthwhile.
    var disposition: Disposition { get }
    /// The pause that the server asks for, by default `nil`.
    var retryAfter: Duration? { get }
    /// The error as a message, which may contain text that only root may read.
    var words: String { get }
    /// The error as a message without any text that only root may read, by default ``words``.
    var publicWords: String { get }
    /// The topic of an error whose message changes often; changes within a topic are reported every few seconds at
    /// most.
    ///
    /// If `nil`, every change of the message is reported.
    var topic: String? { get }
    /// Returns the error with a remark that the server asks for a longer pause than the time left.
    func noting(pauseAskedFor asked: Duration, timeLeft: Duration) -> Self
}

extension Retriable {
    public var retryAfter: Duration? { nil }

    public var publicWords: String { words }

    /// The default is `nil`: every change of the message is reported.
    public var topic: String? { nil }

    /// Returns the error itself, because its source does not ask for pauses.
    public func noting(pauseAskedFor asked: Duration, timeLeft: Duration) -> Self { self }
}

/// Whether an attempt that failed is worth repeating.
public enum Disposition: Sendable, Hashable {
    /// The same attempt may succeed later: retry until the deadline.
    case retry
    /// Expected within seconds of a boot, a new CRD or a new role: retry for the grace period.
    case transient
    /// The attempt fails until its input is changed: do not retry.
    case permanent
}

extension TransportError: Retriable {
    /// Whether another attempt is worthwhile: a server may still be starting, but a wrong certificate stays wrong.
    ///
    /// A certificate that is not valid yet is retried: at boot it means that the node's clock is not set.
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
