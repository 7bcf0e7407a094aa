import Execution

/// One task as a live view shows it.
struct TaskRow: Sendable, Hashable {
    /// How far a task has got, as far as it decides whether there is a row for it when there are too few lines.
    enum Phase: Sendable, Hashable {
        /// It has not started.
        case open
        /// It runs and does something.
        case working
        /// It runs and does nothing until something else happens.
        case waiting
        /// It has ended, or will not start.
        case ended(Outcome.Kind)
    }

    /// The task's name.
    var name: String

    /// How far the task has got.
    var phase: Phase

    /// The word for its state.
    var word: String

    /// The kind of the word, which chooses its colour.
    var tone: Line.Tone

    /// How long it has been running, or ran.
    var time = ""

    /// Its activity, wait or result.
    var detail = ""

    /// The problems, each in lines below the row.
    var problems: [String] = []
}

extension TaskRow.Phase {
    /// Whether the task runs.
    var isRunning: Bool { self == .working || self == .waiting }
    var hasFailed: Bool { self == .ended(.failed) }

    /// Whether the task has not done its work, but not failed either, and will not go on.
    var isUndone: Bool { self == .ended(.skipped) || self == .ended(.interrupted) }

    /// Whether the row can be replaced by a number: the task has ended, and nothing is wrong with it.
    var isFoldable: Bool { if case .ended(let kind) = self { kind != .failed } else { false } }
}

extension ResultCounts {
    /// The counts that are not zero, with what is counted, such as `20 objects created, 3 unchanged`.
    var objectText: String {
        let text = text
        guard let space = text.firstIndex(of: " ") else { return text }
        let count = text[..<space]
        return "\(count) \(count == "1" ? "object" : "objects")\(text[space...])"
    }
}
