public import Base
public import Execution
import YAML

/// The facts that the attempts of a task pass on to the attempts after them.
public struct TaskHistory: Sendable, Hashable {
    /// The progress of the unit restarts that a change requires.
    public enum Restart: String, Sendable, Hashable {
        /// The task has changed something, and the units have not been restarted yet.
        case due
        /// A restart has failed, possibly of a unit that had been running.
        case failed
    }

    /// The time of the last success on this boot before the recorded attempt.
    public var lastSuccess: Timestamp?

    /// The end of the previous attempt on this boot.
    public var lastEnd: RunEnd?

    /// The pending restart of units, `nil` if no unit has to be restarted.
    public var restart: Restart?

    /// The number of attempts of the task's unit since the task last succeeded, including the recorded attempt.
    ///
    /// The pauses between attempts grow with this number; runs by hand do not count.
    public var unitAttempts = 0

    /// The attempts before the recorded one, in chronological order and up to the first success on this boot.
    public var attempts: [TaskAttempt] = []

    /// The maximum number of attempts that are kept; beyond this limit, the oldest attempt is dropped.
    private static let attemptLimit = 20

    /// Adds the attempt of a record that another record replaces.
    mutating func keep(_ attempt: TaskAttempt) { attempts = (attempts + [attempt]).suffix(Self.attemptLimit) }

    /// Records that the task has changed something; an earlier failed restart stays recorded.
    public mutating func noteChange() { restart = restart ?? .due }
}

extension TaskHistory {
    /// Creates the history of an attempt that begins.
    ///
    /// - Parameters:
    ///   - earlier: The record of the previous attempt, if there is one.
    ///   - isOfUnit: Whether the task's unit performs the attempt, rather than a run by hand.
    public init(after earlier: TaskRecord?, isOfUnit: Bool) {
        self = earlier?.historyForNext ?? TaskHistory()
        if isOfUnit { unitAttempts = min(unitAttempts + 1, TaskRecord.attemptLimit) }
    }

    /// The history as entries of a task record.
    var entries: [(String, Node)] {
        var entries: [(String, Node)] = []
        if let lastSuccess { entries.append(("lastSuccessAt", .string(lastSuccess.description))) }
        if let lastEnd { entries.append(("lastEnd", lastEnd.node)) }
        if unitAttempts > 0 { entries.append(("unitAttempts", .number(unitAttempts))) }
        if let restart { entries.append(("restart", .string(restart.rawValue))) }
        if !attempts.isEmpty { entries.append(("attempts", .sequence(attempts.map(\.node)))) }
        return entries
    }

    /// Reads the history from the entries of a task record.
    init(_ record: Node) {
        self.init(
            lastSuccess: record["lastSuccessAt"]?.string.flatMap { Timestamp(rfc3339: $0) },
            lastEnd: record["lastEnd"].flatMap { RunEnd($0) },
            restart: record["restart"]?.string.flatMap(Restart.init),
            unitAttempts: min(TaskRecord.count(record["unitAttempts"]), TaskRecord.attemptLimit),
        )
        attempts = (record["attempts"]?.sequence ?? []).suffix(Self.attemptLimit).compactMap { TaskAttempt($0) }
    }
}

/// The end of a run of a task.
public struct RunEnd: Sendable, Hashable {
    /// The outcome of the run.
    public var outcome: Outcome.Kind
    /// The time at which the run ended.
    public var time: Timestamp
    /// The milliseconds from the boot to ``time``.
    public var uptimeMilliseconds: Int64
    /// The duration of the run, `nil` if it is unknown.
    public var duration: Duration?
    /// The number of attempts since the task last succeeded, including this one.
    public var attempt: Int
}

extension RunEnd {
    /// The end of the run as an entry of a task record.
    var node: Node {
        var pairs: [(String, Node)] = [
            ("outcome", .string(outcome.rawValue)), ("finishedAt", .string(time.description)),
            ("uptimeMilliseconds", .number(Int(uptimeMilliseconds))), ("attempt", .number(attempt)),
        ]
        if let duration { pairs.append(("durationMicroseconds", .number(Int(duration / .microseconds(1))))) }
        return .mapping(pairs)
    }

    /// Reads the end of a run from an entry of a task record; returns `nil` if the entry is incomplete.
    init?(_ node: Node) {
        guard let outcome = node["outcome"]?.string.flatMap(Outcome.Kind.init),
            let time = node["finishedAt"]?.string.flatMap({ Timestamp(rfc3339: $0) })
        else { return nil }
        self.init(
            outcome: outcome,
            time: time,
            uptimeMilliseconds: Int64(TaskRecord.count(node["uptimeMilliseconds"])),
            duration: node["durationMicroseconds"].map { .microseconds(TaskRecord.count($0)) },
            attempt: min(TaskRecord.count(node["attempt"]), TaskRecord.attemptLimit),
        )
    }
}
