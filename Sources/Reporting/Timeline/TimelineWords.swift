import Base
import Execution
import Host
import State

/// The texts about a timeline, shared by all output forms.
extension Timeline {
    /// The number of tasks and their states, in one sentence.
    var summary: String {
        guard !tasks.isEmpty else { return "no task for this node" }
        let states: [TaskState] =
            [.changed, .unchanged, .failed, .skipped, .interrupted].map(TaskState.ended)
            + [.running, .waiting, .notYet, .unknown]
        let counts = states.map { state in (tasks.count { $0.state == state }, state.countedWord) }.filter { $0.0 > 0 }
        let list = counts.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
        let head = "\(tasks.count) \(tasks.count == 1 ? "task" : "tasks"): \(list)"
        guard let last = tasks.compactMap(\.ended).max(), !isOngoing else { return head }
        return "\(head); the last ended after \(last.humanReadable)"
    }

    /// The origin of the times and the duration of the boot.
    var originWords: String {
        let start =
            switch origin {
            case .boot: "the start of the machine"
            case .firstTask: "the start of the first task"
            case .firstKnown: "the start of the first attempt that is known"
            }
        let finished = bootFinished.map { "; the boot took \($0.humanReadable)" } ?? ""
        return "times count from \(start) at \(originTime)\(finished)"
    }

    /// The length of the critical path, from the origin to the end of its last task.
    var criticalEnd: Duration? {
        guard let name = criticalPath.last, let task = task(name) else { return nil }
        return task.ended ?? end
    }
}

extension TimelineTask {
    /// The largest number of columns of a reason, because a starting API server reports very long reasons.
    private static let reasonWidth = 120

    /// Returns the duration of the task, or its state if it has not succeeded.
    func result(until end: Duration) -> String {
        guard state.isSuccess, let time = took(until: end) else { return "\(state)" }
        return time.humanReadable
    }

    /// Returns the waits during the attempts of the task, and the number of attempts, one line each.
    ///
    /// - Parameters:
    ///   - end: The time to count to if the task is ongoing.
    ///   - hasReasons: Whether the lines contain the reasons for the waits.
    /// - Returns: The lines, empty for a task that succeeded at once.
    func details(until end: Duration, hasReasons: Bool = true) -> [String] {
        var lines = waits(until: end).map { wait in
            let time = wait.duration.humanReadable
            let verb = wait.span.end == nil ? "has waited \(time) for" : "waited \(time) for"
            let reason = hasReasons ? wait.span.reason.map { " (\($0.truncated(to: Self.reasonWidth)))" } ?? "" : ""
            return "\(verb) \(wait.span.subjectWords)\(reason)"
        }
        if attemptCount > 1 {
            let pauses = spans.filter { $0.kind == .pause }.map { max(.zero, ($0.end ?? end) - $0.start) }
            let time = pauses.reduce(.zero, +).humanReadable
            // The pauses are incomplete if some attempts are not known.
            let between = pauses.count < attemptCount - 1 ? "" : ", \(time) between them"
            lines.append("\(attemptCount) attempts\(unknownWords ?? between)")
        }
        return lines.map(printable)
    }

    /// The text about the attempts that are not known, `nil` if all are known.
    private var unknownWords: String? {
        switch unknownCount {
        case 0: nil
        case 1: ", the first of which is not known"
        default: ", the first \(unknownCount) of which are not known"
        }
    }

    /// The first start, such as `started at 4 s`, or `started before 4 s` if the exact time is not known.
    var startWords: String? {
        firstKnown.map { "started \(unknownCount == 0 ? "at" : "before") \($0.humanReadable)" }
    }

    /// The subjects of the waits before the start, such as `after 'calico-crds'`.
    var beforeStart: String? {
        let waits = spans.filter(\.kind.isBeforeStart).map { wait in
            let name = printable(wait.subject ?? "")
            return wait.kind == .unit ? name : "'\(name)'"
        }
        return waits.isEmpty ? nil : "after \(waits.joined(separator: " and "))"
    }

    /// The first start and the last end, such as `started at 4 s, ended at 9 s`.
    var times: String? {
        let words = [startWords, ended.map { "ended at \($0.humanReadable)" }].compactMap(\.self)
        return words.isEmpty ? nil : words.joined(separator: ", ")
    }
}

extension TimelineTask {
    /// The largest number of columns of ``caption(until:)``.
    private static let captionWidth = 72

    /// Returns the waits and the number of attempts in one short line, without reasons.
    ///
    /// - Parameter end: The time to count to if the task is ongoing.
    /// - Returns: The line, empty for a task that succeeded at once.
    func caption(until end: Duration) -> String {
        details(until: end, hasReasons: false).joined(separator: "; ").truncated(to: Self.captionWidth)
    }
}

extension TimelineSpan {
    /// The subject of a wait, worded to follow `waited for`.
    var subjectWords: String { subject ?? "something" }
}

extension TimelineUnit {
    /// The end of the unit's last start, such as `active at 9 s`.
    var startWords: String? {
        active.map { "active at \($0.humanReadable)" } ?? ended.map { "ended at \($0.humanReadable)" }
    }

    /// The time since which the unit has been in its state, in one short line.
    var caption: String { (ended ?? active).map { "at \($0.humanReadable)" } ?? "" }

    /// The state of the unit in one word.
    var result: String {
        switch state.active {
        case "activating": "starting"
        case "inactive" where started == nil: "queued"
        case "inactive" where ended != nil: "ended"
        default: state.active
        }
    }
}
