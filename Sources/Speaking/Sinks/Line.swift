/// One line that tells people of a run.
struct Line: Sendable, Hashable, CustomStringConvertible {
    /// What kind of news a line is, for colours, priorities and the choice of output.
    enum Tone: Sendable, Hashable {
        case progress, waiting, output, changed, unchanged, skipped, failed, warning, error, summary
    }

    /// The task, or `nil` for the run as a whole.
    let task: String?

    /// The news.
    let text: String

    /// What kind of news it is.
    let tone: Tone

    /// Creates a line; the texts may come from anywhere.
    init(_ task: String?, _ text: String, _ tone: Tone) {
        self.task = task.map(printable)
        self.text = printable(text)
        self.tone = tone
    }

    /// Whether the line belongs on standard error.
    var isDiagnostic: Bool { tone == .warning || tone == .error }

    /// The printed line.
    var description: String { task.map { "\($0): \(text)" } ?? text }
}
