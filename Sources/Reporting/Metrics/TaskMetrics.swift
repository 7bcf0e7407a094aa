public import Base
public import Execution
public import State

/// What metrics say about one task.
public struct TaskMetrics: Sendable, Hashable {
    /// The task's name.
    public var task: String

    /// How its last run ended, `nil` if it has not run on this boot, runs now, or was killed.
    public var outcome: Outcome.Kind?

    /// When its last run ended.
    public var finished: Timestamp?

    /// How long its last run took.
    public var duration: Duration?

    /// The number of its runs since it last succeeded, the last one included.
    public var attempts: Int?

    /// When it last succeeded on this boot.
    public var lastSuccess: Timestamp?

    /// Creates what is known of a task.
    public init(
        task: String,
        outcome: Outcome.Kind? = nil,
        finished: Timestamp? = nil,
        duration: Duration? = nil,
        attempts: Int? = nil,
        lastSuccess: Timestamp? = nil,
    ) {
        self.task = task
        self.outcome = outcome
        self.finished = finished
        self.duration = duration
        self.attempts = attempts
        self.lastSuccess = lastSuccess
    }

    /// Creates what is known of a task from its records: of the two runs the later one counts.
    ///
    /// - Parameters:
    ///   - task: The task's name.
    ///   - record: The record of the task.
    ///   - repetition: The record of its last repetition.
    public init(task: String, record: TaskRecord?, repetition: TaskRecord?) {
        let records = [record, repetition].compactMap(\.self)
        let last = records.max { $0.uptimeMilliseconds < $1.uptimeMilliseconds }
        self.init(
            task: task,
            outcome: last?.outcome,
            finished: last.flatMap { $0.outcome == nil ? nil : $0.time },
            duration: last.flatMap { $0.outcome == nil ? nil : .microseconds($0.durationMicroseconds) },
            attempts: last?.attempt,
            lastSuccess: records.compactMap(\.lastSuccess).max(),
        )
    }
}
