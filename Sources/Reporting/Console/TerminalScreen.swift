/// The part of a terminal that is redrawn, and the lines above it that stay.
///
/// A frame is one text, written at once. It overwrites the old lines and clears only what is left of them, so nothing
/// flickers. The cursor rests at the start of the line after the last one.
struct TerminalScreen {
    private let isColoured: Bool
    private var widths: [Int] = []
    private var frame = ""

    init(isColoured: Bool) {
        self.isColoured = isColoured
    }

    /// Draws lines that stay and, below them, lines that the next frame replaces.
    ///
    /// - Returns: What to write; empty if the terminal shows it already.
    mutating func draw(staying: [Line], live: [Line], columns: Int) -> String {
        var new = ""
        for line in live { new += line.painted(isColoured) + clearToEndOfLine + "\n" }
        guard !staying.isEmpty || new != frame else { return "" }
        var text = cursorUp(rowCount(columns))
        for line in staying { text += line.painted(isColoured) + clearToEndOfLine + "\n" }
        text += new + clearToEndOfScreen
        frame = new
        widths = live.map(\.description.columnCount)
        return text
    }

    /// The rows that the last frame takes, also if the window was made narrower since.
    private func rowCount(_ columns: Int) -> Int {
        widths.reduce(0) { $0 + max(1, ($1 + columns - 1) / columns) }
    }

    private func cursorUp(_ rows: Int) -> String {
        rows > 0 ? "\r\u{1b}[\(rows)A" : "\r"
    }
}

private let clearToEndOfLine = "\u{1b}[K"
private let clearToEndOfScreen = "\u{1b}[J"

extension Line {
    /// The printed line, in the colour of its tone if colours are wanted.
    func painted(_ isColoured: Bool) -> String {
        guard isColoured, let colour = tone.colour else { return description }
        let text = "\u{1b}[\(colour)m\(text)\u{1b}[0m"
        return task.map { "\($0): \(text)" } ?? text
    }
}

extension Line.Tone {
    /// The number that chooses the colour, or `nil` for the terminal's own.
    var colour: String? {
        switch self {
        case .progress, .output, .context: nil
        case .changed, .added: "32"
        case .unchanged: "2"
        case .waiting, .warning, .skipped: "33"
        case .failed, .error, .removed: "31"
        case .hunk: "36"
        case .summary: "1"
        }
    }
}
