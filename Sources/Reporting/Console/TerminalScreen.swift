import Host

/// The part of a terminal that is redrawn, and the lines above it that stay.
///
/// A frame is written as a single text, without unchanged lines where possible, so nothing flickers. The cursor rests
/// at the start of the line below the frame, and no mode of the terminal is changed, so nothing has to be restored
/// when the program ends.
struct TerminalScreen: Sendable {
    let output: ConsoleOutput
    private let isColoured: Bool
    private let size: @Sendable () -> TerminalSize
    private let isForeground: @Sendable () -> Bool
    /// The lines that the next frame replaces, exactly as written.
    private var live: [String] = []
    /// The most recent lines that stay, at most one screen.
    private var stayed: [ScreenLine] = []
    private var lastSize: TerminalSize?
    private var isHidden = false

    /// The number of unwritten bytes above which live lines are no longer drawn.
    private static let frameLimit = 16 << 10

    init(
        _ output: ConsoleOutput,
        isColoured: Bool,
        size: @escaping @Sendable () -> TerminalSize = { Terminal.size(1) ?? TerminalSize() },
        isForeground: @escaping @Sendable () -> Bool = { Terminal.isForeground(1) },
    ) {
        (self.output, self.isColoured) = (output, isColoured)
        (self.size, self.isForeground) = (size, isForeground)
    }

    /// Returns the size of the terminal for the next frame, or `nil` if the frame is left out.
    ///
    /// A frame that is not needed is left out while output is stalled or a shell is using the terminal.
    mutating func beginFrame(isNeeded: Bool = false) -> TerminalSize? {
        let isForeground = isForeground()
        // Drawing over the old frame would overwrite the output of a shell.
        if !isForeground { live = [] }
        isHidden = !isForeground || output.backlog(of: .results) > Self.frameLimit
        return isHidden && !isNeeded ? nil : size()
    }

    /// Draws lines that stay and, unless the frame is hidden, live lines below them; the live lines must fit the view.
    mutating func draw(staying: [ScreenLine] = [], live lines: [ScreenLine], in size: TerminalSize) {
        output.write(text(staying: staying, live: isHidden ? [] : lines, in: size))
    }

    private mutating func text(staying: [ScreenLine], live lines: [ScreenLine], in size: TerminalSize) -> String {
        let new = lines.map { $0.painted(isColoured) }
        let last = lastSize
        let earlier = stayed
        stayed = Array((earlier + staying).suffix(size.rows))
        lastSize = size
        defer { live = new }
        let isSmaller = last.map { size.columns < $0.columns || size.rows < $0.rows } ?? false
        if isSmaller, !live.isEmpty {
            // Terminals treat lines that no longer fit in different ways; only the top left corner is in a known place.
            let rowCount = (staying + lines).reduce(1) { $0 + Self.rows(of: $1, in: size) }
            return "\u{1b}[H" + written(Self.last(earlier, rowCount: size.rows - rowCount, in: size) + staying, new)
        }
        // All lines are rewritten if lines stay, which moves the others, or if a new size may have truncated lines.
        if !staying.isEmpty || last != size { return "\r" + cursor(from: live.count, to: 0) + written(staying, new) }
        return changes(to: new)
    }

    /// Redraws the live lines over anything typed below them, unless a shell is using the terminal.
    func redraw() {
        guard isForeground(), !live.isEmpty else { return }
        output.write("\r" + cursor(from: live.count, to: 0) + written([], live))
    }

    /// Returns the text that writes lines at the cursor and clears everything after them.
    private func written(_ staying: [ScreenLine], _ live: [String]) -> String {
        (staying.map { $0.painted(isColoured) } + live).map { $0 + clearToEndOfLine + "\n" }.joined()
            + clearToEndOfScreen
    }

    /// Returns the text that rewrites only the lines that have changed since the last frame.
    private func changes(to new: [String]) -> String {
        guard new != live else { return "" }
        var text = "\r"
        var row = live.count
        for (index, line) in new.enumerated() where index >= live.count || live[index] != line {
            text += cursor(from: row, to: index) + line + clearToEndOfLine + "\n"
            row = index + 1
        }
        return text + cursor(from: row, to: new.count) + (new.count < live.count ? clearToEndOfScreen : "")
    }

    private func cursor(from row: Int, to target: Int) -> String {
        if target < row { return "\u{1b}[\(row - target)A" }
        return target > row ? "\u{1b}[\(target - row)B" : ""
    }

    private static func last(_ lines: [ScreenLine], rowCount: Int, in size: TerminalSize) -> [ScreenLine] {
        var rest = rowCount
        let fitting = lines.reversed().prefix { line in
            rest -= rows(of: line, in: size)
            return rest >= 0
        }
        return fitting.reversed()
    }

    private static func rows(of line: ScreenLine, in size: TerminalSize) -> Int {
        max(1, (line.columnCount + size.columns - 1) / max(1, size.columns))
    }
}

extension TerminalSize {
    /// The number of columns of a view.
    ///
    /// The last column stays free, because terminals differ in where they put the cursor after writing a character
    /// there.
    var viewColumns: Int { max(2, columns) - 1 }

    /// The number of rows of a view: the last row is for the cursor, and the first for the last line that stays.
    var viewRows: Int { max(1, rows - 2) }
}

private let clearToEndOfLine = "\u{1b}[K"
private let clearToEndOfScreen = "\u{1b}[J"
