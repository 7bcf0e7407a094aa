public import Base

/// How a task ended.
public enum Outcome: Sendable {
    /// Something was not as described, and now is.
    case changed
    /// Everything was as described.
    case unchanged
    /// The task failed.
    case failed(any Error)
    /// Dependencies did not succeed: those that are named, at least one.
    case skipped(because: [String])
    /// The run was stopped before the task ended or started.
    case interrupted

    /// An outcome without its details, by the word for it in records, in the journal and in JSON.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        case changed, unchanged, failed, skipped, interrupted

        /// Whether dependants may run.
        public var isSuccess: Bool { self == .changed || self == .unchanged }
    }

    /// The outcome without its details.
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

    /// The word for it in records, in the journal and in JSON.
    public var name: String { kind.rawValue }
}

/// How every task of a run ended.
public struct Report: Sendable {
    /// How one task ended.
    public struct Entry: Sendable {
        /// The task's name.
        public var task: String
        /// How it ended.
        public var outcome: Outcome
        /// How long it ran; zero for a task that did not start.
        public var duration: Duration

        public init(task: String, outcome: Outcome, duration: Duration) {
            self.task = task
            self.outcome = outcome
            self.duration = duration
        }
    }

    /// The tasks in the order of the plan.
    public var entries: [Entry]

    public init(_ entries: [Entry]) {
        self.entries = entries
    }
}

/// How many objects had each result.
public struct ResultCounts: Sendable, Hashable {
    /// The number of objects that did not exist.
    public var created = 0

    /// The number of objects that were not as described.
    public var changed = 0

    /// The number of objects that were deleted.
    public var deleted = 0

    /// The number of objects that were as described.
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

    /// The number of objects.
    public var total: Int { created + changed + deleted + unchanged + failed }

    /// Whether nothing was counted.
    public var isEmpty: Bool { self == ResultCounts() }

    /// Counts one more object.
    public mutating func count(_ change: ObjectResult.Change) {
        switch change {
        case .created: created += 1
        case .configured: changed += 1
        case .deleted: deleted += 1
        case .unchanged: unchanged += 1
        }
    }
}
