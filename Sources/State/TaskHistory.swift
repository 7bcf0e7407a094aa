public import Base
import YAML

/// The facts that the attempts of a task pass on to later ones.
public struct TaskHistory: Sendable, Hashable {
    /// The state of the units that are restarted because of a change.
    public enum Restart: String, Sendable, Hashable {
        /// The task has changed something, and they have not been restarted yet.
        case due
        /// A restart has failed, perhaps of a unit that has been running before.
        case failed
    }

    /// When the task last succeeded on this boot, before the attempt of the record.
    public var lastSuccess: Timestamp?

    /// How the last attempt before that of the record ended on this boot.
    public var lastEnd: RunEnd?

    /// Whether an alert has reported that the repetitions of the task fail.
    public var isReported: Bool

    /// Whether units have to be restarted, `nil` if not.
    public var restart: Restart?

    /// The number of attempts of the task's unit since the task last succeeded, that of the record included.
    ///
    /// Its pauses grow with them; runs by hand do not count.
    public var unitAttempts: Int

    /// Creates a history; without arguments that of a task that has not run.
    public init(
        lastSuccess: Timestamp? = nil,
        lastEnd: RunEnd? = nil,
        isReported: Bool = false,
        restart: Restart? = nil,
        unitAttempts: Int = 0,
    ) {
        self.lastSuccess = lastSuccess
        self.lastEnd = lastEnd
        self.isReported = isReported
        self.restart = restart
        self.unitAttempts = unitAttempts
    }

    /// Creates the history of an attempt that begins.
    ///
    /// - Parameters:
    ///   - earlier: The record of the attempt before, if there is one.
    ///   - isOfUnit: Whether the task's unit makes the attempt.
    public init(after earlier: TaskRecord?, isOfUnit: Bool) {
        self = earlier?.historyForNext ?? TaskHistory()
        if isOfUnit { unitAttempts = min(unitAttempts + 1, TaskRecord.attemptLimit) }
    }

    /// Notes that the task has changed something; that a restart has failed before stays known.
    public mutating func noteChange() { restart = restart ?? .due }
}

extension TaskHistory {
    /// The entries of a record.
    var entries: [(String, Node)] {
        var entries: [(String, Node)] = []
        if let lastSuccess { entries.append(("lastSuccessAt", .string(lastSuccess.description))) }
        if let lastEnd { entries.append(("lastEnd", lastEnd.node)) }
        if isReported { entries.append(("reported", .boolean(true))) }
        if unitAttempts > 0 { entries.append(("unitAttempts", .number(unitAttempts))) }
        if let restart { entries.append(("restart", .string(restart.rawValue))) }
        return entries
    }

    /// Reads the entries of a record.
    init(_ record: Node) {
        self.init(
            lastSuccess: record["lastSuccessAt"]?.string.flatMap { Timestamp(rfc3339: $0) },
            lastEnd: record["lastEnd"].flatMap { RunEnd($0) },
            isReported: record["reported"]?.boolean ?? false,
            restart: record["restart"]?.string.flatMap(Restart.init),
            unitAttempts: min(TaskRecord.count(record["unitAttempts"]), TaskRecord.attemptLimit),
        )
    }
}
