import Base
import Planning

/// The error of a task that did not end within its timeout.
///
/// An action throws this error itself if it knows more precisely than the engine what the task was waiting for.
public struct DeadlineExceeded: Error, Sendable, Hashable, CustomStringConvertible {
    /// The timeout of the task.
    public var timeout: Duration

    /// The last wait that the task reported, if there is one.
    public var lastWaiting: String?

    public init(timeout: Duration, lastWaiting: String? = nil) {
        self.timeout = timeout
        self.lastWaiting = lastWaiting
    }

    /// The message: `timed out after 10m: API server 10.0.0.1:6443: connection refused`.
    public var description: String {
        "timed out after \(timeout.text)" + (lastWaiting.map { ": \($0)" } ?? "")
    }
}
