public import Execution

/// The state of a task on this boot.
public enum TaskState: Sendable, Hashable, CustomStringConvertible {
    /// The task has not run.
    case notYet
    /// The task's unit waits, for a dependency or for the next attempt.
    case waiting
    /// A process is running the task.
    case running
    case ended(Outcome.Kind)
    /// The record cannot be read.
    case unknown

    /// Whether the task has succeeded.
    public var isSuccess: Bool {
        if case .ended(let outcome) = self { outcome.isSuccess } else { false }
    }

    /// The word for it in tables and in JSON.
    public var description: String {
        switch self {
        case .notYet: "not yet"
        case .waiting: "waiting"
        case .running: "running"
        case .ended(let outcome): outcome.rawValue
        case .unknown: "unknown"
        }
    }
}
