import Base

/// A line of a terminal, one part of which may have a colour.
///
/// Only that part has it: a text in the terminal's own colour is readable on every background.
struct ScreenLine: Sendable, Hashable {
    /// The text before the part.
    var before = ""
    /// The part that the colour is for, a word that says the same.
    var marked: String
    /// The text after it.
    var after = ""
    /// The kind of the line, which chooses the colour.
    var tone: Line.Tone

    /// The line without colours.
    var text: String { before + marked + after }

    /// The columns that the line takes.
    var columnCount: Int { text.columnCount }

    /// The line, in colours if they are wanted.
    func painted(_ isColoured: Bool) -> String {
        isColoured ? before + tone.painted(marked) + after : text
    }

    /// The line, cut off with an ellipsis if it is wider than a number of columns.
    func truncated(to columns: Int, isUTF8: Bool) -> Self {
        guard columnCount > columns else { return self }
        var line = self
        line.before = before.truncated(to: columns, isUTF8: isUTF8)
        line.marked = marked.truncated(to: columns - line.before.columnCount, isUTF8: isUTF8)
        let rest = columns - line.before.columnCount - line.marked.columnCount
        line.after = after.truncated(to: rest, isUTF8: isUTF8)
        return line
    }
}

extension Line {
    /// The line for a terminal: a line of a diff and a summary have the colour as a whole, others in their first word.
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

    /// The printed line, in the colour of its tone if colours are wanted.
    func painted(_ isColoured: Bool) -> String { onScreen.painted(isColoured) }
}

extension Line.Tone {
    /// A text in the colour of the tone.
    func painted(_ text: String) -> String {
        guard let colour, !text.isEmpty else { return text }
        return "\u{1b}[\(colour)m\(text)\u{1b}[0m"
    }

    /// The number that chooses the colour, or `nil` for the terminal's own.
    ///
    /// Yellow, and a faint text, cannot be read on every light background, and blue not on every dark one.
    private var colour: String? {
        switch self {
        case .progress, .waiting, .output, .context, .unchanged: nil
        case .changed, .added: "32"
        case .warning, .skipped: "35"
        case .failed, .error, .removed: "31"
        case .hunk: "36"
        // Among those that wait, what runs is found at once.
        case .running, .summary: "1"
        }
    }
}
