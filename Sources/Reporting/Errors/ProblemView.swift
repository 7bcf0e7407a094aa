public import Base

/// The form of problems and warnings on a terminal: with the line of the file, and in colour.
public struct ProblemView: Sendable {
    /// Returns the text of a line of a file, or `nil` if it cannot be read or must not be shown.
    public typealias Source = @Sendable (SourceLocation) -> String?

    /// The number of columns of the terminal; `nil` if it is not known, so that nothing is wrapped.
    private let columns: Int?
    private let isColoured: Bool
    private let isUTF8: Bool
    private let source: Source

    /// The number of columns before the text of a line of the file that is shown at most, if the width is not known.
    private static let unknownWidth = 160

    public init(columns: Int?, isColoured: Bool, isUTF8: Bool, source: @escaping Source) {
        (self.columns, self.isColoured, self.isUTF8, self.source) = (columns, isColoured, isUTF8, source)
    }

    /// Formats a problem with the place in the file.
    ///
    /// - Parameters:
    ///   - problem: The problem.
    ///   - isWarning: Whether it is a warning rather than an error.
    /// - Returns: The lines, with line endings.
    func text(_ problem: Problem, isWarning: Bool) -> String {
        let tone = isWarning ? Line.Tone.warning : .error
        let severity = isWarning ? "warning:" : "error:"
        let place = problem.location.map { printed("\($0)") + ":" } ?? (isWarning ? "" : "nest-bootstrap:")
        let head = [place, severity].filter { !$0.isEmpty }
        var unlocated = problem
        unlocated.location = nil
        let words = (head + [printed(unlocated.description)]).joined(separator: " ")
        var lines = columns.map { words.wrapped(to: $0, indentation: 4) } ?? [words]
        if isColoured, lines[0].hasPrefix(head.joined(separator: " ")) {
            let rest = lines[0].dropFirst(head.joined(separator: " ").count)
            let painted = place.isEmpty ? [] : [Line.Tone.summary.painted(place)]
            lines[0] = (painted + [tone.painted(severity)]).joined(separator: " ") + rest
        }
        return (lines + excerpt(problem, tone)).map { $0 + "\n" }.joined()
    }

    /// Returns a text as it is printed, so that its columns can be counted.
    private func printed(_ text: String) -> String { tableText(text, isUTF8) }

    // MARK: The line of the file

    /// Returns the line of the file, a line that marks the place.
    private func excerpt(_ problem: Problem, _ tone: Line.Tone) -> [String] {
        guard let location = problem.location, let position = location.position, let line = source(location) else {
            return []
        }
        let number = String(position.line)
        let gutter = 2 + number.utf8.count + 3
        let start = position.column - 1
        let window = Window(line, place: start, columns: (columns ?? Self.unknownWidth) - gutter, isUTF8: isUTF8)
        let indentation = String(repeating: " ", count: window.column(of: start))
        let space = String(repeating: " ", count: number.utf8.count)
        let caret = isColoured ? tone.painted("^") : "^"
        return ["  \(number) | \(window.text)", "  \(space) | \(indentation)\(caret)"]
    }
}

/// The part of a line that fits the terminal, around a place.
private struct Window {
    /// The text, without control characters, and with an ellipsis at each end that is cut off.
    let text: String
    /// The columns before each character of the line, within the window, and the column after the last one.
    private let starts: [Int]

    /// Creates a window.
    ///
    /// - Parameters:
    ///   - line: The line.
    ///   - place: The number of Unicode scalars before the place.
    ///   - columns: The number of columns that the text may occupy.
    ///   - isUTF8: Whether the text may contain non-ASCII characters.
    init(_ line: String, place: Int, columns: Int, isUTF8: Bool) {
        let cells = line.unicodeScalars.map { scalar in
            let shown = scalar.escape ?? String(scalar)
            return isUTF8 ? shown : asciiText(shown)
        }
        var starts = [0]
        for cell in cells { starts.append((starts.last ?? 0) + cell.columnCount) }
        let width = starts.last ?? 0
        let ellipsis = isUTF8 ? "…" : "..."
        let columns = max(columns, 3 * ellipsis.count)
        guard width > columns else {
            text = cells.joined()
            self.starts = starts
            return
        }
        // A third of the window is before the place.
        let target = starts[min(max(place, 0), cells.count)]
        let first = min(max(0, target - columns / 3), width - columns)
        let isCutBefore = first > 0
        let low = isCutBefore ? first + ellipsis.count : 0
        let isCutAfter = first + columns < width
        let high = isCutAfter ? first + columns - ellipsis.count : width
        var shown = isCutBefore ? ellipsis : ""
        // A wide character at the edge leaves a space.
        for (index, cell) in cells.enumerated() where starts[index + 1] > low && starts[index] < high {
            let isWhole = starts[index] >= low && starts[index + 1] <= high
            let visible = min(starts[index + 1], high) - max(starts[index], low)
            shown += isWhole ? cell : String(repeating: " ", count: visible)
        }
        text = shown + (isCutAfter ? ellipsis : "")
        self.starts = starts.map { min(max($0 - first, 0), columns) }
    }

    /// Returns the column of a character, counted from 0; the end of the line for one behind it.
    func column(of scalar: Int) -> Int { starts[min(max(scalar, 0), starts.count - 1)] }
}
