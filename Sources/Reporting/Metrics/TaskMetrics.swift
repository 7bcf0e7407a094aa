public import Base
public import Execution
public import State

/// The metrics of one task.
public struct TaskMetrics: Sendable, Hashable {
    /// The task's name.
    public var task: String

    /// The outcome of the last run that has ended, `nil` if no run has ended on this boot.
    public var outcome: Outcome.Kind?

    /// The time at which this run ended.
    public var finished: Timestamp?

    /// The duration of this run, `nil` if no run has ended or the duration is unknown.
    public var duration: Duration?

    /// The number of runs since the task last succeeded, including this run.
    public var attempts: Int?

    /// The time of the last success on this boot.
    public var lastSuccess: Timestamp?

    /// Creates the metrics of a task.
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

    /// Creates the metrics of a task from the record of the run that ended last.
    ///
    /// - Parameters:
    ///   - task: The task's name.
    ///   - record: The record of the task.
    ///   - repetition: The record of the last repetition of the task.
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
