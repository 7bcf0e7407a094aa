import Base
import Execution
import Host
import State

/// What people read about a timeline, whatever draws it.
extension Timeline {
    /// The tasks and how they ended, in one sentence.
    var summary: String {
        let states: [TaskState] =
            [.changed, .unchanged, .failed, .skipped, .interrupted].map(TaskState.ended)
            + [.running, .waiting, .notYet, .unknown]
        let counts = states.map { state in (tasks.count { $0.state == state }, "\(state)") }.filter { $0.0 > 0 }
        let list = counts.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
        let head = "\(tasks.count) \(tasks.count == 1 ? "task" : "tasks"): \(list)"
        guard let last = tasks.compactMap(\.ended).max(), !goesOn else { return head }
        return "\(head); the last ended after \(last.humanReadable)"
    }

    /// What the times count from, and when the boot was complete.
    var originWords: String {
        let start = origin == .boot ? "the start of the machine" : "the start of the first task"
        let finished = bootFinished.map { "; its boot was complete after \($0.humanReadable)" } ?? ""
        return "times count from \(start) at \(originTime)\(finished)"
    }

    /// The length of the critical path: from the origin to the end of its last task.
    var criticalEnd: Duration? {
        guard let name = criticalPath.last, let task = task(name) else { return nil }
        return task.ended ?? end
    }
}

extension TimelineTask {
    /// How long it took, or its state if it has not succeeded.
    func result(until end: Duration) -> String {
        guard state.isSuccess, let time = took(until: end) else { return "\(state)" }
        return time.humanReadable
    }

    /// What it waited for while it ran, and how often it was tried, one line each.
    ///
    /// - Parameter end: When to count to if it goes on.
    /// - Returns: The lines, none for a task that did neither for a second.
    func details(until end: Duration) -> [String] {
        let waits = waits(until: end).filter { $0.duration >= .milliseconds(500) }
        var lines = waits.map { wait in
            let time = wait.duration.humanReadable
            let verb = wait.span.end == nil ? "has waited \(time) for" : "waited \(time) for"
            let reason = wait.span.reason.map { " (\($0))" } ?? ""
            return "\(verb) \(wait.span.subjectWords)\(reason)"
        }
        if attemptCount > 1 {
            let pauses = spans.filter { $0.kind == .pause }.map { max(.zero, ($0.end ?? end) - $0.start) }
            let time = pauses.reduce(.zero, +).humanReadable
            lines.append("\(attemptCount) attempts, \(time) between them")
        }
        return lines.map(printable)
    }

    /// What it waited for before it was started, as in `after 'calico-crds'`.
    var beforeStart: String? {
        let waits = spans.filter(\.kind.isBeforeStart).map { wait in
            let name = printable(wait.subject ?? "")
            return wait.kind == .unit ? name : "'\(name)'"
        }
        return waits.isEmpty ? nil : "after \(waits.joined(separator: " and "))"
    }
}

extension TimelineSpan {
    /// What was waited for, in words that follow `waited for`.
    var subjectWords: String {
        guard let subject else { return "something" }
        // Others, such as `'k3s.service' is restarting`, are as good as they are.
        return subject.hasPrefix("another nest-bootstrap ") ? "another process that runs it" : subject
    }
}

extension TimelineUnit {
    /// Its state in a word or two.
    var result: String {
        switch state.active {
        case "activating": "starting"
        case "inactive" where started == nil: "queued"
        case "inactive" where ended != nil: "ended"
        default: state.active
        }
    }
}
