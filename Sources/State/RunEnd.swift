public import Base
public import Execution
import YAML

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

    public init(
        outcome: Outcome.Kind,
        time: Timestamp,
        uptimeMilliseconds: Int64,
        duration: Duration?,
        attempt: Int,
    ) {
        self.outcome = outcome
        self.time = time
        self.uptimeMilliseconds = uptimeMilliseconds
        self.duration = duration
        self.attempt = attempt
    }
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
