public import Base
public import Execution
public import State

/// The metrics of one task.
public struct TaskMetrics: Sendable, Hashable {
    /// The task's name.
    public var task: String

    /// How its last run that has ended did, `nil` if none has on this boot.
    public var outcome: Outcome.Kind?

    /// When that run ended.
    public var finished: Timestamp?

    /// How long it took, `nil` also if that is unknown.
    public var duration: Duration?

    /// The number of runs since the task last succeeded, that one included.
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

    /// Creates what is known of a task from its records: of two runs that have ended the later one counts.
    ///
    /// - Parameters:
    ///   - task: The task's name.
    ///   - record: The record of the task.
    ///   - repetition: The record of its last repetition.
    public init(task: String, record: TaskRecord?, repetition: TaskRecord?) {
        let records = [record, repetition].compactMap(\.self)
        let last = records.compactMap(\.lastEnd).max { $0.uptimeMilliseconds < $1.uptimeMilliseconds }
        self.init(
            task: task,
            outcome: last?.outcome,
            finished: last?.time,
            duration: last?.duration,
            attempts: last?.attempt,
            lastSuccess: records.compactMap(\.lastSuccess).max(),
        )
    }
}
