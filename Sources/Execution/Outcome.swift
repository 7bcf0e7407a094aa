/// What a task came to.
public enum Outcome: Sendable {
    /// Something was not as described, and now is.
    case changed
    /// All was as described.
    case unchanged
    /// The task could not be done.
    case failed(any Error)
    /// A task that it runs after did not succeed.
    case skipped(because: String)
    /// The agent was told to stop while the task ran or before it started.
    case interrupted

    /// Whether dependants may run.
    public var isSuccess: Bool {
        switch self {
        case .changed, .unchanged: true
        case .failed, .skipped, .interrupted: false
        }
    }

    /// The word for it in records, in the journal and in JSON.
    public var name: String {
        switch self {
        case .changed: "changed"
        case .unchanged: "unchanged"
        case .failed: "failed"
        case .skipped: "skipped"
        case .interrupted: "interrupted"
        }
    }
}
