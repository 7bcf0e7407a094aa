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
