public import Base
import Execution

/// The status of the last repetition of a task that has succeeded on this boot.
public struct TaskRepetition: Sendable, Hashable {
    /// The state: running, ended, or unknown if the repetition's record cannot be read.
    public var state: TaskState

    /// The number of the attempt, if the repetition has ended.
    public var attempt: Int?

    /// The time at which the repetition started, if it has not ended.
    public var startedAt: Timestamp?

    /// The time at which the repetition ended.
    public var finishedAt: Timestamp?

    /// The time since the repetition ended.
    public var age: Duration?

    /// The duration of the repetition.
    public var duration: Duration?

    /// The reasons why the repetition did not succeed, one line for each problem.
    public var reasons: [String] = []

    public var hasFailed: Bool { state == .ended(.failed) }
}

extension TaskRepetition {
    /// Creates the status of a repetition from its record and the lock of its task.
    init(_ record: TaskRecord, isRunning: Bool, now: Timestamp) {
        let status = TaskStatus(record, now: now)
        guard record.outcome != nil || !isRunning else {
            self.init(state: .running, startedAt: record.time)
            return
        }
        self.init(
            state: status.state,
            attempt: status.attempt,
            startedAt: status.startedAt,
            finishedAt: status.finishedAt,
            age: status.age,
            duration: status.duration,
            reasons: status.reasons,
        )
    }
}
