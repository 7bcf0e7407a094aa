public import Base
public import Execution
public import YAML

/// The last attempt of a task on this boot, as stored in the state directory.
public struct TaskRecord: Sendable, Hashable {
    /// The task's name.
    public var task: String
    /// The task's verb.
    public var verb: String
    /// The outcome of the task, `nil` while it runs or if its process ended before recording an outcome.
    public var outcome: Outcome.Kind?
    /// The time at which the task ended, or started if it has not ended.
    public var time: Timestamp
    /// The milliseconds from the boot to ``time``, which order records correctly even if the clock is set.
    public var uptimeMilliseconds: Int64
    /// The duration of the task in microseconds.
    public var durationMicroseconds: Int64
    /// The results for the objects of the task.
    public var counts: ResultCounts
    /// The reasons why the task did not succeed, one line for each problem.
    public var reasons: [String]
    /// The ``reasons`` without information that only root may read.
    public var publicReasons: [String]
    /// Whether the task failed in a way that another attempt cannot change.
    public var isPermanent: Bool
    /// The number of attempts on this boot since the task last succeeded, including this one.
    public var attempt: Int
    /// The facts from earlier attempts.
    public var history: TaskHistory
    /// The waits of the task, in chronological order.
    public var waits: [TaskWait] = []
    /// The holder of the task's Lease, if the task needs a Lease and has not ended.
    public var lease: LeaseHolder?
    /// The declaration and the files that the attempt used, `nil` if they are not known.
    public var inputs: TaskInputs?
    /// The identifier of the run that made the attempt.
    public var run: String
    /// The identifier of the boot, which ``RecordStore`` fills in.
    public var boot: String

    /// The highest possible attempt number.
    public static let attemptLimit = 1_000_000

    public init(
        task: String,
        verb: String,
        outcome: Outcome.Kind?,
        time: Timestamp = .now(),
        uptimeMilliseconds: Int64 = Timestamp.uptimeMilliseconds(),
        durationMicroseconds: Int64 = 0,
        counts: ResultCounts = ResultCounts(),
        reasons: [String] = [],
        publicReasons: [String] = [],
        isPermanent: Bool = false,
        attempt: Int = 1,
        history: TaskHistory = TaskHistory(),
        run: String,
    ) {
        self.task = task
        self.verb = verb
        self.outcome = outcome
        self.time = time
        self.uptimeMilliseconds = uptimeMilliseconds
        self.durationMicroseconds = durationMicroseconds
        self.counts = counts
        self.reasons = reasons
        self.publicReasons = publicReasons
        self.isPermanent = isPermanent
        self.attempt = attempt
        self.history = history
        self.run = run
        boot = ""
    }

    /// Whether the task's dependants may run.
    public var isSuccess: Bool { outcome?.isSuccess == true }

    /// The time of the last success on this boot, by this attempt or an earlier one.
    public var lastSuccess: Timestamp? { isSuccess ? time : history.lastSuccess }

    /// The end of this attempt, or of the previous one if this attempt has not ended.
    public var lastEnd: RunEnd? {
        guard let outcome else { return history.lastEnd }
        return RunEnd(
            outcome: outcome,
            time: time,
            uptimeMilliseconds: uptimeMilliseconds,
            duration: .microseconds(durationMicroseconds),
            attempt: attempt,
        )
    }

    /// The facts that this attempt and earlier attempts pass on to the next attempt.
    public var historyForNext: TaskHistory {
        var history = history
        if history.lastSuccess == nil, let ownAttempt { history.keep(ownAttempt) }
        history.lastSuccess = lastSuccess
        history.lastEnd = lastEnd
        if isSuccess { history.unitAttempts = 0 }
        return history
    }
}

extension TaskRecord {
    /// Returns the record as JSON.
    func json() -> [UInt8] {
        var entries: [(String, Node)] = [("task", .string(task)), ("verb", .string(verb))]
        if let outcome {
            entries += [("outcome", .string(outcome.rawValue)), ("finishedAt", .string(time.description))]
        } else {
            entries.append(("startedAt", .string(time.description)))
        }
        entries += [
            ("uptimeMilliseconds", .number(Int(uptimeMilliseconds))),
            ("durationMicroseconds", .number(Int(durationMicroseconds))),
            ("created", .number(counts.created)), ("changed", .number(counts.changed)),
            ("deleted", .number(counts.deleted)),
            ("unchanged", .number(counts.unchanged)), ("failed", .number(counts.failed)),
            ("attempt", .number(attempt)), ("run", .string(run)), ("boot", .string(boot)),
        ]
        if let lease { entries.append(("lease", .mapping(lease.fields))) }
        if isPermanent { entries.append(("permanent", .boolean(true))) }
        entries += history.entries
        if let inputs { entries.append(("inputs", inputs.node)) }
        if !reasons.isEmpty { entries.append(("reasons", .sequence(reasons.map { .string($0) }))) }
        if !waits.isEmpty { entries.append(("waits", .sequence(waits.map(\.node)))) }
        return Node.mapping(entries).json() + [UInt8(ascii: "\n")]
    }

    /// Reads a non-negative number, limited so that sums cannot overflow.
    ///
    /// The limit is necessary because a task's program may have written the record.
    static func count(_ node: Node?) -> Int { min(max(0, node?.integer ?? 0), 1 << 40) }

    /// Reads a record, `nil` if it is incomplete or invalid.
    init?(json: [UInt8]) {
        guard let node = try? readJSON(json, file: "record"), let task = node["task"]?.string else { return nil }
        switch node["outcome"] {
        case nil: outcome = nil
        case let written?:
            guard let kind = written.string.flatMap(Outcome.Kind.init) else { return nil }
            outcome = kind
        }
        let key = outcome == nil ? "startedAt" : "finishedAt"
        guard let time = node[key]?.string.flatMap({ Timestamp(rfc3339: $0) }) else { return nil }
        self.task = task
        self.time = time
        verb = node["verb"]?.string ?? ""
        uptimeMilliseconds = Int64(Self.count(node["uptimeMilliseconds"]))
        durationMicroseconds = Int64(Self.count(node["durationMicroseconds"]))
        counts = ResultCounts(
            created: Self.count(node["created"]),
            changed: Self.count(node["changed"]),
            deleted: Self.count(node["deleted"]),
            unchanged: Self.count(node["unchanged"]),
            failed: Self.count(node["failed"]),
        )
        lease = node["lease"].flatMap { LeaseHolder($0) }
        reasons = node["reasons"]?.sequence?.compactMap(\.string) ?? []
        publicReasons = []
        waits = [TaskWait](node["waits"])
        isPermanent = node["permanent"]?.boolean ?? false
        attempt = min(max(0, node["attempt"]?.integer ?? 1), Self.attemptLimit)
        history = TaskHistory(node)
        inputs = node["inputs"].flatMap { TaskInputs($0) }
        run = node["run"]?.string ?? ""
        boot = node["boot"]?.string ?? ""
    }
}

extension LeaseHolder {
    /// The holder as the fields of a JSON object, for records and for output.
    public var fields: [(String, Node)] {
        var fields: [(String, Node)] = [
            ("lease", .string(lease)), ("holder", .string(identity)), ("held", .boolean(isSelf)),
        ]
        if let since { fields.append(("since", .string(since.description))) }
        return fields
    }

    /// Reads a holder; returns `nil` if a field is missing.
    init?(_ node: Node) {
        guard let lease = node["lease"]?.string, let identity = node["holder"]?.string else { return nil }
        self.init(
            lease: lease,
            identity: identity,
            since: node["since"]?.string.flatMap { Timestamp(rfc3339: $0) },
            isSelf: node["held"]?.boolean ?? false,
        )
    }
}
