/// An error that knows whether the same attempt may succeed later.
public protocol Retriable: Error {
    /// What is to be done about the error.
    var disposition: Disposition { get }
    /// How long the other side asked to wait.
    var retryAfter: Duration? { get }
    /// The error in the words of a waiting line.
    var words: String { get }
}

/// What is to be done about an error; for the API server, the table of its replies.
public enum Disposition: Sendable, Hashable {
    /// The same attempt may succeed soon, whatever the cause: until the deadline.
    case retry
    /// The cause may go away within seconds of a boot, of a new CRD or of a new role: a short window.
    case window
    /// The attempt will fail as long as its author does not change it.
    case permanent
}
