public import PKI
import YAML

/// The last outcome of a task on this boot, as it is kept in the state directory.
public struct TaskRecord: Sendable, Hashable {
    /// How many objects came to what.
    public struct Counts: Sendable, Hashable {
        /// Objects or paths that were made.
        public var created = 0
        /// Objects or paths that were changed.
        public var changed = 0
        /// Objects or paths that were as described.
        public var unchanged = 0
        /// Objects that could not be applied.
        public var failed = 0

        /// Creates counts of nothing.
        public init(created: Int = 0, changed: Int = 0, unchanged: Int = 0, failed: Int = 0) {
            self.created = created
            self.changed = changed
            self.unchanged = unchanged
            self.failed = failed
        }
    }

    /// The task's name.
    public var task: String
    /// What the task does.
    public var verb: String
    /// The outcome's name: `changed`, `unchanged`, `failed`, `skipped` or `interrupted`.
    public var outcome: String
    /// When it ended.
    public var finishedAt: Timestamp
    /// How long it ran, in microseconds.
    public var durationMicroseconds: Int64
    /// What became of its objects and paths.
    public var counts: Counts
    /// Why it did not succeed, in one line, or the first lines of it.
    public var reason: String?
    /// How often it was tried on this boot since it last succeeded, this time included.
    public var attempt: Int
    /// The run that it belongs to.
    public var run: String
    /// The boot that it belongs to; ``RecordStore`` fills it in.
    public var boot: String

    /// Nobody counts further.
    static let attemptLimit = 1_000_000

    /// Creates a record of a task that just ended.
    public init(
        task: String,
        verb: String,
        outcome: String,
        finishedAt: Timestamp,
        durationMicroseconds: Int64,
        counts: Counts,
        reason: String?,
        attempt: Int = 1,
        run: String,
    ) {
        self.task = task
        self.verb = verb
        self.outcome = outcome
        self.finishedAt = finishedAt
        self.durationMicroseconds = durationMicroseconds
        self.counts = counts
        self.reason = reason
        self.attempt = attempt
        self.run = run
        boot = ""
    }

    /// Whether the task's dependants may run.
    public var isSuccess: Bool { outcome == "changed" || outcome == "unchanged" }
}

extension TaskRecord {
    /// The record as JSON.
    var json: [UInt8] {
        let place = Place(file: "record")
        func number(_ value: Int) -> Node { .number(value, place: place) }
        var entries: [(String, Node)] = [
            ("task", .string(task, place: place)),
            ("verb", .string(verb, place: place)),
            ("outcome", .string(outcome, place: place)),
            ("finishedAt", .string(finishedAt.description, place: place)),
            ("durationMicroseconds", number(Int(durationMicroseconds))),
            ("created", number(counts.created)),
            ("changed", number(counts.changed)),
            ("unchanged", number(counts.unchanged)),
            ("failed", number(counts.failed)),
            ("attempt", number(attempt)),
            ("run", .string(run, place: place)),
            ("boot", .string(boot, place: place)),
        ]
        if let reason { entries.append(("reason", .string(reason, place: place))) }
        return Node.mapping(entries, place: place).json() + [UInt8(ascii: "\n")]
    }

    /// Reads a record, `nil` if it is none: half of one, or of another version.
    init?(json: [UInt8]) {
        guard let node = try? readJSON(json, file: "record"), let task = node["task"]?.string,
            let outcome = node["outcome"]?.string,
            let finishedAt = node["finishedAt"]?.string.flatMap({ Timestamp(rfc3339: $0) })
        else { return nil }
        self.task = task
        self.outcome = outcome
        self.finishedAt = finishedAt
        verb = node["verb"]?.string ?? ""
        durationMicroseconds = Int64(node["durationMicroseconds"]?.integer ?? 0)
        counts = Counts(
            created: node["created"]?.integer ?? 0,
            changed: node["changed"]?.integer ?? 0,
            unchanged: node["unchanged"]?.integer ?? 0,
            failed: node["failed"]?.integer ?? 0,
        )
        reason = node["reason"]?.string
        attempt = min(max(0, node["attempt"]?.integer ?? 1), Self.attemptLimit)
        run = node["run"]?.string ?? ""
        boot = node["boot"]?.string ?? ""
    }
}
