/// What every task of a run came to.
public struct Report: Sendable {
    /// One line of a report.
    public struct Entry: Sendable {
        /// The task's name.
        public var task: String
        /// What it came to.
        public var outcome: Outcome
        /// How long it ran; zero for a task that was skipped.
        public var duration: Duration

        /// Creates a line.
        public init(task: String, outcome: Outcome, duration: Duration) {
            self.task = task
            self.outcome = outcome
            self.duration = duration
        }
    }

    /// The tasks in the order of the plan.
    public var entries: [Entry]

    /// Creates a report.
    public init(_ entries: [Entry]) {
        self.entries = entries
    }
}
