import Glibc
import Host

/// Why a task could not be done, where no library's error says it all.
public struct ActionError: Error, Sendable, CustomStringConvertible {
    /// What could not be done, with its subject.
    public var message: String
    /// What to do about it.
    public var hint: String?
    /// What it was caused by; the message does not repeat it.
    public var cause: (any Error)?

    /// Creates an error.
    public init(_ message: String, hint: String? = nil, cause: (any Error)? = nil) {
        self.message = message
        self.hint = hint
        self.cause = cause
    }

    /// The message and what to do, without the cause.
    public var description: String {
        hint.map { "\(message); \($0)" } ?? message
    }
}

/// What to do about a path that cannot be written, where that is not plain.
func hint(for error: SystemError) -> String? {
    guard error.code == EROFS else { return nil }
    return "its unit may have been made for another path: run 'systemctl daemon-reload'"
}
