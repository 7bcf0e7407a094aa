import Execution

/// A task as a live view shows it.
struct TaskRow: Sendable, Hashable {
    /// The progress of a task, which decides whether it gets a row when there are too few lines.
    enum Phase: Sendable, Hashable {
        /// The task has not started.
        case open
        /// The task is running and working.
        case working
        /// The task is running and waits for something.
        case waiting
        /// The task has ended, or will not start.
        case ended(Outcome.Kind)
    }

    /// The task's name.
    var name: String

    /// The progress of the task.
    var phase: Phase

    /// The word for the state of the task.
    var word: String

    /// The kind of the word, which determines its colour.
    var tone: Line.Tone

    /// The time for which the task has been running, or its duration if it has ended.
    var time = ""

    /// The activity, wait or result of the task.
    var detail = ""

    /// The problems, each on separate lines below the row.
    var problems: [String] = []
}

extension TaskRow.Phase {
    /// Whether the task is running.
    var isRunning: Bool { self == .working || self == .waiting }
    var hasFailed: Bool { self == .ended(.failed) }

    /// Whether the task has neither succeeded nor failed, and will not continue.
    var isUndone: Bool { self == .ended(.skipped) || self == .ended(.interrupted) }

    /// Whether the row can be replaced by a count, because the task has ended without a failure.
    var isFoldable: Bool { if case .ended(let kind) = self { kind != .failed } else { false } }
}

extension ResultCounts {
    /// The counts that are not zero, with the word for objects, such as `20 objects created, 3 unchanged`.
    var objectText: String {
        let text = text
        guard let space = text.firstIndex(of: " ") else { return text }
        let count = text[..<space]
        return "\(count) \(count == "1" ? "object" : "objects")\(text[space...])"
    }
}
