import Base

/// A line on a terminal, one part of which can be coloured.
///
/// The rest keeps the default text colour, which is readable on every background.
struct ScreenLine: Sendable, Hashable {
    var before = ""
    /// The coloured part, whose meaning is clear without its colour.
    var marked: String
    var after = ""
    var tone: Line.Tone

    var text: String { before + marked + after }

    var columnCount: Int { text.columnCount }

    func painted(_ isColoured: Bool) -> String {
        isColoured ? before + tone.painted(marked) + after : text
    }

    func truncated(to columns: Int) -> Self {
        guard columnCount > columns else { return self }
        var line = self
        line.before = before.truncated(to: columns)
        line.marked = marked.truncated(to: columns - line.before.columnCount)
        let rest = columns - line.before.columnCount - line.marked.columnCount
        line.after = after.truncated(to: rest)
        return line
    }
}

extension Line {
    /// The line for a terminal: diff lines and summaries are coloured as a whole, other lines only in the first word.
    var onScreen: ScreenLine {
        let head = task.map { "\($0): " } ?? ""
        switch tone {
        case .hunk, .added, .removed, .summary: return ScreenLine(before: head, marked: text, tone: tone)
        default: break
        }
        let indentation = text.prefix { $0 == " " }
        let word = text[indentation.endIndex...].prefix { $0 != " " }
        return ScreenLine(
            before: head + String(indentation),
            marked: String(word),
            after: String(text[word.endIndex...]),
            tone: tone
        )
    }

    func painted(_ isColoured: Bool) -> String { onScreen.painted(isColoured) }
}

extension Line.Tone {
    func painted(_ text: String) -> String {
        guard let colour, !text.isEmpty else { return text }
        return "\u{1b}[\(colour)m\(text)\u{1b}[0m"
    }

    /// The SGR parameter of the tone, `nil` for the default text colour.
    ///
    /// Yellow and faint text are unreadable on some light backgrounds, and blue on some dark ones.
    private var colour: String? {
        switch self {
        case .progress, .waiting, .output, .context, .unchanged: nil
        case .changed, .added: "32"
        case .warning, .skipped: "35"
        case .failed, .error, .removed: "31"
        case .hunk: "36"
        // Bold makes running tasks easy to find among waiting ones.
        case .running, .summary: "1"
        }
    }
}
