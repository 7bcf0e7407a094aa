public import Base
import Host
import Planning

/// Returns the statuses of tasks as lines, laid out like the rows of a run.
///
/// If `columns` is `nil`, lines can have any length.
public func statusLines(
    _ statuses: [TaskStatus],
    at now: Timestamp = .now(),
    columns: Int? = nil,
    isColoured: Bool = false,
) -> [String] {
    guard !statuses.isEmpty else { return ["no task for this node"] }
    let rows = statuses.map { TaskRow($0, at: now) }
    let format = RowFormatter(rows, columns: columns)
    return rows.flatMap(format.finalLines).map { $0.painted(isColoured) }
}

public func warningLines(_ warnings: [Problem], columns: Int? = nil) -> [String] {
    warnings.flatMap { warning in
        // The messages name their subjects, so the location is left out.
        let text = Problem(warning.message, hint: warning.hint).line
        return "warning: \(text)".wrapped(to: columns.map { max(20, $0) } ?? .max)
    }
}

/// Returns a warning that names all tasks whose units systemd does not know, or an empty array if there are none.
///
/// Tasks that have not run are left out, because their rows already contain the same hint.
public func unitWarnings(_ statuses: [TaskStatus]) -> [Problem] {
    let names = statuses.filter { $0.service?.unit.load == "not-found" && $0.state != .notYet }.map(\.task)
    guard !names.isEmpty else { return [] }
    let units = names.count == 1 ? "the unit of task" : "the units of tasks"
    return [
        Problem(
            "systemd does not know \(units) \(quotedList(names)) yet",
            hint: "run 'nest-bootstrap up'"
        )
    ]
}

extension TaskStatus {
    /// The reasons for the state, the wait or the Lease, and the reasons of an unsuccessful repetition, one line each.
    var reasonLines: [String] {
        var lines = reasons.isEmpty ? waitLines : reasons
        if let lease {
            // The other lines may repeat this line, or describe the wait for the same Lease in other words.
            if !lease.isSelf, wait?.subject.text == lease.object { lines = [] }
            lines = [lease.text] + lines.filter { $0 != lease.text }
        }
        guard let repetition, !repetition.state.isSuccess else { return lines }
        return lines + repetition.reasons.map { "repetition: \($0)" }
    }

    /// The wait of a running task, worded as in the journal but without the deadline.
    private var waitLines: [String] {
        guard state == .running, let wait else { return [] }
        return ["waiting: \(Wait(wait.subject, reason: wait.reason))"]
    }

    /// The state of the task's unit, `nil` if it is unknown or implied by the state of the task.
    fileprivate var unitWords: String? {
        guard let words = service?.words, words != (state.isSuccess ? "active" : "failed") else { return nil }
        return "unit \(words)"
    }

    fileprivate var repetitionWords: String {
        var words: [String] = []
        if let repetition {
            words.append("\(repetition.state)" + (repetition.age.map { " \($0.clockText) ago" } ?? ""))
        }
        if let repeatsIn { words.append("next in \(repeatsIn.clockText)") }
        return words.joined(separator: ", ")
    }
}

extension ServiceState {
    var words: String {
        guard unit.load == "loaded" else { return unit.load == "not-found" ? "not known" : unit.load }
        switch unit.active {
        case "activating": return "starting"
        case "deactivating": return "stopping"
        case "inactive" where hasJob: return "queued"
        case "inactive": return wasStarted ? "stopped" : "never started"
        default: return unit.active
        }
    }

    /// The state as a JSON object, in systemd's terms.
    var node: Node {
        .mapping([
            ("load", .string(unit.load)), ("active", .string(unit.active)), ("sub", .string(unit.sub)),
            ("wasStarted", .boolean(wasStarted)),
        ])
    }
}

extension TaskState {
    var tone: Line.Tone {
        switch self {
        case .notYet, .waiting: .progress
        case .running: .running
        case .ended(.changed), .ended(.unchanged): .changed
        case .ended(.failed): .failed
        case .ended(.skipped), .ended(.interrupted), .unknown: .warning
        }
    }
}

extension TaskRow {
    /// Creates the row of a task; the time of a running task counts until `now`.
    init(_ status: TaskStatus, at now: Timestamp) {
        self.init(name: status.task, phase: status.phase, word: "\(status.state)", tone: status.state.tone)
        let reasons = status.reasonLines
        switch status.state {
        case .running:
            if let start = status.startedAt { time = Duration.seconds(max(0, now.seconds - start.seconds)).clockText }
            detail = reasons.joined(separator: "; ")
        case .ended(let kind):
            time = status.duration?.humanReadable ?? ""
            let age = status.age.map { "\($0.clockText) ago" }
            let retry = status.retriesIn.map { "retries in \($0.clockText)" }
            let parts = [age, kind == .failed ? retry : nil, status.unitWords]
            let repetition = status.repetitionWords.isEmpty ? nil : "repetition \(status.repetitionWords)"
            let counts = status.counts.isEmpty ? nil : status.counts.text
            let cause = kind == .failed || kind.isSuccess || reasons.isEmpty ? nil : reasons.joined(separator: "; ")
            detail = (parts + [counts, repetition, cause]).compactMap(\.self).joined(separator: ", ")
            if kind == .failed { problems = reasons.map { "error: \($0)" } }
            if kind.isSuccess { problems = reasons }
        case .unknown: problems = reasons.map { "error: \($0)" }
        case .waiting where !status.waitsFor.isEmpty:
            // As in the view of a run, the state word before the detail already says that the task waits.
            detail = "for \(shortList(status.waitsFor))"
        case .notYet, .waiting:
            detail = reasons.isEmpty ? status.service?.words ?? "" : reasons.joined(separator: "; ")
        }
    }
}

extension TaskStatus {
    /// The phase of the row; a failed last repetition of an ended task, and an unknown state, count as a failure.
    var phase: TaskRow.Phase {
        switch state {
        case .running: isWaiting ? .waiting : .working
        case .ended where repetition?.hasFailed == true: .ended(.failed)
        case .ended(let kind): .ended(kind)
        case .unknown: .ended(.failed)
        case .notYet, .waiting: .open
        }
    }

    /// Whether the task is running but waits for something, such as its Lease.
    var isWaiting: Bool { state == .running && (wait != nil || lease?.isSelf == false) }
}
