public import Base
public import Planning

/// The facts that an attempt of a task passes on to the next attempt.
public struct TaskHistory: Sendable, Hashable, Codable {
    /// The progress of the unit restarts that a change requires.
    public enum Restart: String, Sendable, Hashable, Codable {
        /// The task has changed something, and the units have not been restarted yet.
        case due
        /// A restart has failed, and may have stopped a unit that was running before.
        case failed
    }

    /// The time of the last success on this boot before the recorded attempt.
    var lastSuccess: Timestamp?

    /// The last recorded end of a run on this boot before the recorded attempt.
    public var lastEnd: RunEnd?

    /// The state of the pending restart of units, `nil` if no unit has to be restarted.
    public var restart: Restart?

    /// The number of attempts by the task's unit since the task last succeeded, including the recorded attempt.
    ///
    /// The pauses between attempts grow with this number; runs by hand do not count.
    public var unitAttempts = 0

    /// The attempts before the recorded one, in chronological order and up to the first success on this boot.
    public var attempts: [TaskAttempt] = []

    /// The maximum number of attempts that are kept; beyond this number, the second attempt in the list is dropped.
    private static let attemptLimit = 20

    /// Adds the attempt of a record that is about to be replaced.
    mutating func keep(_ attempt: TaskAttempt) {
        attempts.append(attempt)
        if attempts.count > Self.attemptLimit { attempts.remove(at: 1) }
    }

    /// Records that the task has changed something; a failed restart stays recorded.
    public mutating func noteChange() { restart = restart ?? .due }
}

extension TaskHistory {
    /// Creates the history for a new attempt, by the task's unit or by hand.
    public init(after earlier: TaskRecord?, isOfUnit: Bool) {
        self = earlier?.historyForNext ?? TaskHistory()
        if isOfUnit { unitAttempts += 1 }
    }
}

public struct RunEnd: Sendable, Hashable, Codable {
    public var outcome: Outcome.Kind
    public var time: Timestamp
    /// The uptime at ``time``.
    var uptimeMilliseconds: Int64
    /// The duration, `nil` if it is unknown.
    public var duration: Duration?
    public var attempt: Int
}
