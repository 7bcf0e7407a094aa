public import Base
public import Execution
import Host
import YAML

/// An attempt of a task, with times relative to the start of the machine.
public struct TaskAttempt: Sendable, Hashable {
    /// The number of attempts since the task last succeeded, including this one.
    public var number: Int

    public var start: Duration

    /// The end, `nil` if the attempt is still running or its process was killed.
    public var end: Duration?

    /// The outcome of the attempt, `nil` if the attempt is still running or its process was killed.
    public var outcome: Outcome.Kind?

    /// The waits of the attempt, in chronological order.
    public var waits: [TaskWait]

    public init(
        number: Int,
        start: Duration,
        end: Duration?,
        outcome: Outcome.Kind?,
        waits: [TaskWait] = [],
    ) {
        self.number = number
        self.start = start
        self.end = end
        self.outcome = outcome
        self.waits = waits
    }

    /// Whether the task's dependants may start after the attempt.
    public var isSuccess: Bool { outcome?.isSuccess == true }
}

/// A wait of a task, with times relative to the start of the machine.
public struct TaskWait: Sendable, Hashable {
    public var subject: Wait.Subject

    /// The public reason for the wait, `nil` if the subject says everything.
    ///
    /// While the wait continues, this is the latest reason; afterwards, the reason that held longest.
    public var reason: String?

    public var start: Duration

    /// The end, `nil` if the wait continues or its process was killed.
    public var end: Duration?

    public init(_ subject: Wait.Subject, reason: String? = nil, from start: Duration, to end: Duration? = nil) {
        (self.subject, self.reason, self.start, self.end) = (subject, reason, start, end)
    }
}

/// The waits of a running attempt, recorded one at a time: a newly reported wait ends the previous one.
public struct WaitRecorder: Sendable {
    /// The waits, in chronological order.
    public private(set) var waits: [TaskWait] = []

    /// The current wait, `nil` if the task is not waiting.
    private var current: Wait?

    /// The reasons reported for the current wait, each with its subject and the time of the report.
    private var reasons: [(subject: Wait.Subject, text: String?, time: Duration)] = []

    /// The maximum number of waits; beyond this limit, the shortest wait is dropped.
    static let limit = 100

    /// The maximum number of reasons that are recorded for one wait.
    private static let reasonLimit = 1000

    public init() {}

    /// Updates the waits with the current wait of the task.
    ///
    /// - Parameters:
    ///   - wait: The current wait, `nil` if there is none.
    ///   - now: The time at which the wait was reported.
    ///   - earliest: The last time at which the task is known not to have been waiting.
    /// - Returns: Whether ``waits`` have changed.
    public mutating func apply(_ wait: Wait?, at now: Duration, notBefore earliest: Duration) -> Bool {
        guard let wait else {
            let isOpen = current != nil
            end(at: now)
            return isOpen
        }
        if let current, wait.continues(current), let last = waits.indices.last {
            self.current = wait
            guard waits[last].subject != wait.subject || waits[last].reason != wait.publicReason else { return false }
            (waits[last].subject, waits[last].reason) = (wait.subject, wait.publicReason)
            if reasons.count < Self.reasonLimit { reasons.append((wait.subject, wait.publicReason, now)) }
            return true
        }
        let start = max(now - Wait.quietPeriod, earliest)
        end(at: start)
        if waits.count == Self.limit { removeShortest() }
        waits.append(TaskWait(wait.subject, reason: wait.publicReason, from: start))
        (current, reasons) = (wait, [(wait.subject, wait.publicReason, start)])
        return true
    }

    /// Ends the current wait, and keeps the reason that held longest for the wait's last subject.
    private mutating func end(at time: Duration) {
        guard current != nil, let last = waits.indices.last else { return }
        waits[last].end = max(time, waits[last].start)
        let ends = reasons.dropFirst().map(\.time) + [time]
        let longest = zip(reasons, ends).filter { $0.0.subject == waits[last].subject }
            .max { $0.1 - $0.0.time < $1.1 - $1.0.time }
        if let longest { waits[last].reason = longest.0.text }
        (current, reasons) = (nil, [])
    }

    /// Removes the shortest wait, and extends an adjacent wait by the time of the removed one.
    private mutating func removeShortest() {
        guard let shortest = waits.indices.min(by: { waits[$0].length < waits[$1].length }) else { return }
        if shortest > 0, waits[shortest - 1].end == waits[shortest].start {
            waits[shortest - 1].end = waits[shortest].end
        } else if shortest + 1 < waits.count, waits[shortest].end == waits[shortest + 1].start {
            waits[shortest + 1].start = waits[shortest].start
        }
        waits.remove(at: shortest)
    }
}

extension TaskWait {
    fileprivate var length: Duration { (end ?? start) - start }
}

extension TaskRecord {
    /// The attempt that this record describes, `nil` if the task did not start.
    public var ownAttempt: TaskAttempt? {
        guard outcome != .skipped, attempt > 0 else { return nil }
        let time = Duration.milliseconds(uptimeMilliseconds)
        let first = min(time, waits.first?.start ?? time)
        let start = outcome == nil ? first : max(.zero, time - .microseconds(durationMicroseconds))
        let end = outcome == nil ? nil : time
        return TaskAttempt(number: attempt, start: start, end: end, outcome: outcome, waits: waits)
    }
}

// MARK: - JSON

extension TaskAttempt {
    fileprivate var node: Node {
        var pairs: [(String, Node)] = [("attempt", .number(number)), ("startMilliseconds", .milliseconds(start))]
        if let end { pairs.append(("endMilliseconds", .milliseconds(end))) }
        if let outcome { pairs.append(("outcome", .string(outcome.rawValue))) }
        if !waits.isEmpty { pairs.append(("waits", .sequence(waits.map(\.node)))) }
        return .mapping(pairs)
    }

    fileprivate init?(_ node: Node) {
        guard let start = node["startMilliseconds"].map({ TaskRecord.milliseconds($0) }) else { return nil }
        self.init(
            number: min(TaskRecord.count(node["attempt"]), TaskRecord.attemptLimit),
            start: start,
            end: node["endMilliseconds"].map { TaskRecord.milliseconds($0) },
            outcome: node["outcome"]?.string.flatMap(Outcome.Kind.init),
            waits: [TaskWait](node["waits"]),
        )
    }
}

extension [TaskWait] {
    /// Reads the waits from a task record or an attempt, ignoring incomplete entries.
    init(_ node: Node?) {
        self = (node?.sequence ?? []).prefix(WaitRecorder.limit).compactMap { TaskWait($0) }
    }
}

extension TaskWait {
    var node: Node {
        var pairs: [(String, Node)] = [
            ("kind", .string(subject.kind.rawValue)), ("subject", .string(subject.text)),
            ("startMilliseconds", .milliseconds(start)),
        ]
        if let end { pairs.append(("endMilliseconds", .milliseconds(end))) }
        if let reason { pairs.append(("reason", .string(reason))) }
        return .mapping(pairs)
    }

    fileprivate init?(_ node: Node) {
        guard let kind = node["kind"]?.string.flatMap(Wait.Subject.Kind.init), let text = node["subject"]?.string,
            let start = node["startMilliseconds"]
        else { return nil }
        self.init(
            Wait.Subject(kind, text),
            reason: node["reason"]?.string,
            from: TaskRecord.milliseconds(start),
            to: node["endMilliseconds"].map { TaskRecord.milliseconds($0) },
        )
    }
}

extension Node {
    fileprivate static func milliseconds(_ duration: Duration) -> Node { .number(Int(duration / .milliseconds(1))) }
}

extension TaskRecord {
    fileprivate static func milliseconds(_ node: Node) -> Duration { .milliseconds(count(node)) }
}

extension RecordStore {
    private static let attemptsName = "attempts.json"

    /// The maximum number of attempts that are kept; beyond this limit, the oldest attempt is dropped.
    private static let attemptLimit = 200

    /// The maximum size of the kept attempts in bytes; beyond this limit, the oldest attempts are dropped.
    private static let attemptSizeLimit = 1 << 20

    /// The number of bytes on the disk that are left free for records when attempts are written.
    private static let spareSize = 64 << 10

    /// Returns the attempts of a task on this boot, up to its first success and without the attempt in its record.
    ///
    /// - Parameter task: The task's name.
    /// - Returns: The attempts in chronological order; empty if they cannot be read.
    public func earlierAttempts(of task: String) -> [TaskAttempt] {
        guard let directory = try? directory(of: task, isCreating: false) else { return [] }
        return earlierAttempts(in: directory)
    }

    private func earlierAttempts(in directory: borrowing DirectoryHandle) -> [TaskAttempt] {
        guard let bytes = try? directory.read(Self.attemptsName, limit: Self.sizeLimit),
            let node = try? readJSON(bytes, file: "attempts"), node["boot"]?.string == (boot ?? "")
        else { return [] }
        return (node["attempts"]?.sequence ?? []).suffix(Self.attemptLimit).compactMap { TaskAttempt($0) }
    }

    /// Keeps the attempt of a record that was replaced, unless the task had already succeeded before that attempt.
    ///
    /// The attempts are only informational. If the disk has little space left, they are not kept, because the records
    /// need the space.
    func keepAttempt(of record: TaskRecord, in directory: borrowing DirectoryHandle) {
        guard record.history.lastSuccess == nil, let attempt = record.ownAttempt else { return }
        let earlier = earlierAttempts(in: directory)
        // An interrupted run leaves the record of an earlier success in place, so that attempt may already be kept.
        guard earlier.last?.isSuccess != true, earlier.last.map({ $0.start < attempt.start }) ?? true else { return }
        var attempts = (earlier + [attempt]).suffix(Self.attemptLimit)
        var content = content(attempts)
        while content.count > Self.attemptSizeLimit, !attempts.isEmpty {
            attempts = attempts.dropFirst(attempts.count / 4 + 1)
            content = self.content(attempts)
        }
        guard directory.hasSpace(content.count + Self.spareSize) else { return }
        try? directory.write(content, to: Self.attemptsName, mode: 0o644)
    }

    private func content(_ attempts: ArraySlice<TaskAttempt>) -> [UInt8] {
        Node.mapping([
            ("boot", .string(boot ?? "")), ("attempts", .sequence(attempts.map(\.node))),
        ]).json()
    }
}
