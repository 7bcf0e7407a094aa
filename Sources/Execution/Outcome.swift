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
