import Base

/// The result of a task.
public enum Outcome: Sendable {
    case changed
    case unchanged
    case failed(any Error)
    /// The task was not started, because the named dependencies failed or were skipped.
    case skipped(because: [String])
    /// The run was stopped before the task started or ended.
    case interrupted

    /// An outcome without its details; the raw value is the word for it in records and output.
    public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        case changed, unchanged, failed, skipped, interrupted

        /// Whether dependants may run.
        public var isSuccess: Bool { self == .changed || self == .unchanged }
    }

    public var kind: Kind {
        switch self {
        case .changed: .changed
        case .unchanged: .unchanged
        case .failed: .failed
        case .skipped: .skipped
        case .interrupted: .interrupted
        }
    }

    /// Whether dependants may run.
    public var isSuccess: Bool { kind.isSuccess }

    public var name: String { kind.rawValue }
}

/// The results of all tasks of a run.
public struct Report: Sendable {
    public struct Entry: Sendable {
        public var task: String
        public var outcome: Outcome
        /// The duration of the task, or zero if it did not start.
        public var duration: Duration
    }

    /// One entry per task, in the order of the plan.
    public var entries: [Entry]
}

/// The number of objects with each result.
public struct ResultCounts: Sendable, Hashable, Codable {
    public var created = 0
    public var changed = 0
    public var deleted = 0
    public var unchanged = 0

    /// The number of objects that could not be applied or deleted.
    public var failed = 0

    public init(created: Int = 0, changed: Int = 0, deleted: Int = 0, unchanged: Int = 0, failed: Int = 0) {
        self.created = created
        self.changed = changed
        self.deleted = deleted
        self.unchanged = unchanged
        self.failed = failed
    }

    public var total: Int { created + changed + deleted + unchanged + failed }
    public var isEmpty: Bool { self == ResultCounts() }

    mutating func count(_ change: ObjectResult.Change) {
        switch change {
        case .created: created += 1
        case .configured, .replaced: changed += 1
        case .deleted: deleted += 1
        case .unchanged: unchanged += 1
        }
    }
}
