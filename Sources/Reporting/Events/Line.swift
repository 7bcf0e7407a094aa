import Base

/// A human-readable line about a run.
struct Line: Sendable, Hashable, CustomStringConvertible {
    /// The kind of a line, which determines its colour, priority and output stream.
    enum Tone: Sendable, Hashable {
        case progress, running, waiting, output, changed, unchanged, skipped, failed, warning, error, summary
        /// Lines of a diff.
        case hunk, added, removed, context
    }

    /// The task whose name begins the line, `nil` if none does.
    let task: String?
    let text: String

    let tone: Tone

    /// Creates a line, with control characters escaped.
    init(_ task: String?, _ text: String, _ tone: Tone) {
        self.task = task.map(printable)
        self.text = printable(text)
        self.tone = tone
    }

    /// Creates a line of a diff, with control characters escaped.
    init(diff text: String, indentation: Int = 0) {
        task = nil
        self.text = String(repeating: " ", count: indentation) + printableDiffLine(text)
        tone =
            switch text.first {
            case "@": .hunk
            case "+": .added
            case "-": .removed
            case " ": .context
            default: .progress
            }
    }

    /// Whether the text is printed without folding.
    private var isVerbatim: Bool { [.output, .hunk, .added, .removed, .context].contains(tone) }

    /// Breaks the line between words, if possible into lines of at most `columns` columns; verbatim text is not broken.
    func folded(to columns: Int) -> [Line] {
        let head = task.map { "\($0): " } ?? ""
        guard !isVerbatim, "\(head)\(text)".columnCount > columns else { return [self] }
        let lines = "\(head)\(text)".wrapped(to: columns, indentation: 4)
        // A name that fills the first line loses the space after it.
        guard let first = lines.first, first.hasPrefix(head) else {
            return lines.enumerated().map { index, line in Line(nil, line, index == 1 ? tone : continuationTone) }
        }
        return [Line(task, String(first.dropFirst(head.count)), tone)]
            + lines.dropFirst().map { Line(nil, $0, continuationTone) }
    }

    /// The tone of continuation lines, which do not contain the coloured word.
    private var continuationTone: Tone { tone == .summary ? .summary : .progress }

    /// Whether the line belongs on standard error.
    var isDiagnostic: Bool { tone == .warning || tone == .error }

    var description: String { task.map { "\($0): \(text)" } ?? text }
}

/// Returns a diff line without control characters; a space or tab at the end of an added or removed line is escaped.
private func printableDiffLine(_ text: String) -> String {
    guard let first = text.first, first == "+" || first == "-", let last = text.dropFirst().last else {
        return printable(text)
    }
    switch last {
    case " ": return printable(String(text.dropLast())) + "\\x20"
    case "\t": return printable(String(text.dropLast())) + "\\t"
    default: return printable(text)
    }
}
