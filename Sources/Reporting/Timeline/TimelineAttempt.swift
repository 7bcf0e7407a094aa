import Base
import Execution
import Host
import State
import Planning

/// One attempt of a task, in times since the start of the machine.
struct TimelineAttempt: Sendable, Hashable {
    /// The identifier of its run, empty if it is not known.
    var run: String
    /// When it began.
    var start: Duration
    /// When it ended, `nil` if it goes on.
    var end: Duration?
    /// How it ended.
    var outcome: Outcome.Kind?
    /// Its waits, in the order of time.
    var waits: [TimelineSpan] = []
    /// The number of attempts since the task last succeeded, this one included; `nil` if it is not known.
    var number: Int?

    /// Whether the task's dependants may start after it.
    var isSuccess: Bool { outcome?.isSuccess == true }

    /// The waits and the work between them.
    var spans: [TimelineSpan] {
        var spans: [TimelineSpan] = []
        var position = start
        let limit = end ?? .seconds(Int64.max / 2)
        for wait in waits {
            var wait = wait
            wait.start = min(max(wait.start, position), limit)
            wait.end = wait.end.map { min(max($0, wait.start), limit) } ?? end
            if wait.end == wait.start { continue }
            if wait.start > position { spans.append(TimelineSpan(.work, from: position, to: wait.start)) }
            spans.append(wait)
            position = wait.end ?? limit
        }
        if position < limit || spans.isEmpty { spans.append(TimelineSpan(.work, from: position, to: end)) }
        spans[spans.count - 1].outcome = outcome
        return spans
    }
}

/// The attempts of all tasks as the journal has them.
struct JournalAttempts {
    /// The attempts by the name of their task, in the order in which they began.
    private(set) var attempts: [String: [TimelineAttempt]] = [:]

    /// One attempt while its entries are read.
    private struct Draft {
        let first: Duration
        var last: Duration
        var number: Int?
        var isStarted = false
        var waits: [TimelineSpan] = []
        var ending: (time: Duration, duration: Duration, outcome: Outcome.Kind)?
        /// The reasons for the wait that goes on, each with what it is about and when it was reported.
        private var reasons: [(subject: String?, text: String?, time: Duration)] = []
        /// Whether the wait that goes on names everything that the task waits for.
        private var isComplete = false

        init(at time: Duration) { (first, last) = (time, time) }

        /// Begins a wait, or notes another reason for the one that goes on.
        ///
        /// A wait that names everything goes on when another object is the first of those that it names.
        mutating func wait(_ wait: TimelineSpan, isComplete: Bool, reportedAt time: Duration) {
            if let last = waits.last, last.end == nil, last.subject == wait.subject || self.isComplete && isComplete {
                waits[waits.count - 1].subject = wait.subject
                waits[waits.count - 1].reason = wait.reason
                reasons.append((wait.subject, wait.reason, time))
            } else {
                end(at: wait.start)
                waits.append(wait)
                reasons = [(wait.subject, wait.reason, wait.start)]
            }
            self.isComplete = isComplete
        }

        /// Ends the wait that goes on, if there is one; of the reasons for its last subject that which held longest is its
        /// reason.
        mutating func end(at time: Duration) {
            guard let last = waits.indices.last, waits[last].end == nil else { return }
            waits[last].end = max(time, waits[last].start)
            let ends = reasons.dropFirst().map { $0.time } + [time]
            let longest = zip(reasons, ends).filter { $0.0.subject == waits[last].subject }
                .max { $0.1 - $0.0.time < $1.1 - $1.0.time }
            waits[last].reason = longest?.0.text
        }
    }

    /// The key of the entries of one attempt.
    private struct Key: Hashable {
        let task: String
        let run: String
    }

    /// Finds the attempts in entries, the oldest of which comes first.
    init(_ entries: [LoggedEntry]) {
        var drafts: [Key: Draft] = [:]
        var order: [Key] = []
        for entry in entries {
            guard let task = entry["NEST_TASK"], let run = entry["NEST_RUN_ID"], Self.isTrusted(entry),
                entry["_SYSTEMD_UNIT"] != repetitionUnitName(ofTask: task)
            else { continue }
            let key = Key(task: task, run: run)
            if drafts[key] == nil { order.append(key) }
            // Out of the dictionary, so that its lists are not copied.
            var draft = drafts.removeValue(forKey: key)
            Self.add(entry, to: &draft)
            drafts[key] = draft
        }
        for key in order {
            guard let draft = drafts[key], let attempt = Self.attempt(draft, run: key.run) else { continue }
            attempts[key.task, default: []].append(attempt)
        }
    }

    /// Whether root or a unit of this program has sent an entry, and not any user.
    private static func isTrusted(_ entry: LoggedEntry) -> Bool {
        entry["_UID"] == "0" || entry["_SYSTEMD_UNIT"].map(isOwnUnit) == true
    }

    private static func add(_ entry: LoggedEntry, to existing: inout Draft?) {
        let time = entry.sinceBoot
        let earlier = existing?.last
        var draft = existing.take() ?? Draft(at: time)
        defer { existing = draft }
        if let number = entry["NEST_ATTEMPT"] {
            // Programs of tasks can write entries too.
            let counted = Int(number).flatMap { (1...TaskRecord.attemptLimit).contains($0) ? $0 : nil }
            (draft.isStarted, draft.number) = (true, counted)
        }
        draft.last = max(draft.last, time)
        if entry["MESSAGE_ID"] == MessageID.waiting.rawValue {
            let start = max(time - Wait.quietPeriod, earlier ?? .zero)
            let wait = TimelineSpan(waiting: entry, from: start)
            return draft.wait(wait, isComplete: entry["NEST_WAIT_ALL"] == "1", reportedAt: time)
        }
        draft.end(at: time)
        guard let outcome = entry["NEST_OUTCOME"].flatMap(Outcome.Kind.init),
            let duration = entry["NEST_DURATION_USEC"].flatMap({ Int64($0) }), duration >= 0
        else { return }
        draft.ending = (time, .microseconds(duration), outcome)
    }

    private static func attempt(_ draft: Draft, run: String) -> TimelineAttempt? {
        guard let ending = draft.ending else {
            // Its process was killed, or has not ended yet.
            return TimelineAttempt(
                run: run,
                start: draft.waits.first.map { min($0.start, draft.first) } ?? draft.first,
                end: draft.last,
                outcome: .interrupted,
                waits: draft.waits,
                number: draft.number,
            )
        }
        // A task that has not started has made no attempt.
        guard ending.outcome != .skipped, draft.isStarted || ending.outcome != .interrupted else { return nil }
        return TimelineAttempt(
            run: run,
            start: max(.zero, ending.time - ending.duration),
            end: ending.time,
            outcome: ending.outcome,
            waits: draft.waits,
            number: draft.number,
        )
    }
}

extension TimelineSpan {
    /// Creates the wait that an entry of the journal reports; where it ends is not in the entry.
    fileprivate init(waiting entry: LoggedEntry, from start: Duration) {
        let kind: Kind =
            switch entry["NEST_WAIT"].flatMap(Wait.Subject.Kind.init) {
            case .server: .server
            case .lock: .lock
            case .object, .condition, nil: .condition
            }
        self.init(kind, from: start, to: nil, subject: entry["NEST_OBJECT"], reason: entry["NEST_REASON"])
    }
}
