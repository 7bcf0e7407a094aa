import Planning

/// The end of a task that took longer than it may.
///
/// An action that can tell more than the engine about what was missing throws this itself.
public struct DeadlineExceeded: Error, Sendable, Hashable, CustomStringConvertible {
    /// How long the task was given.
    public var timeout: Duration

    /// What the task said last that it was waiting for, if anything.
    public var lastWaiting: String?

    /// Creates an error.
    public init(timeout: Duration, lastWaiting: String? = nil) {
        self.timeout = timeout
        self.lastWaiting = lastWaiting
    }

    /// The error in words: `not done after 10m: waiting for the API server`.
    public var description: String {
        "not done after \(timeout.text)" + (lastWaiting.map { ": \($0)" } ?? "")
    }
}
