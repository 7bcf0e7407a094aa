import Execution

/// One task as a live view shows it.
struct TaskRow: Sendable, Hashable {
    /// What decides whether a row is shown when there are more tasks than lines.
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

    /// Whether the task is to be shown before others.
    var phase: Phase

    /// The word for its state.
    var word: String

    /// The kind of the word, which chooses its colour.
    var tone: Line.Tone

    /// How long it has been running, or ran.
    var time = ""

    /// What it does, waits for or has done.
    var detail = ""

    /// What is wrong, each in lines below the row.
    var problems: [String] = []
}

extension TaskRow.Phase {
    /// Whether the task runs.
    var isRunning: Bool { self == .working || self == .waiting }

    /// Whether the task has failed.
    var hasFailed: Bool { self == .ended(.failed) }

    /// Whether the row can be replaced by a number: the task has ended, and nothing is wrong with it.
    var isFoldable: Bool { if case .ended(let kind) = self { kind != .failed } else { false } }
}

extension Outcome.Kind {
    /// The kind of the word for an outcome.
    var tone: Line.Tone {
        switch self {
        case .changed: .changed
        case .unchanged: .unchanged
        case .failed: .failed
        case .skipped, .interrupted: .skipped
        }
    }
}
