/// A terminal of the simplest kind, to see what bytes look like.
public struct Screen: Sendable {
    public private(set) var columns: Int

    public private(set) var rows: Int

    /// Everything that was written, also what has left the window at the top.
    ///
    /// A wide character is followed by a NUL.
    private var lines: [[Character]] = [[]]
    /// The first line in the window.
    private var top = 0
    private var row = 0
    private var column = 0
    /// Bytes that are not a whole character or control sequence yet.
    private var pending: [UInt8] = []

    public init(columns: Int, rows: Int = 1_000_000) {
        (self.columns, self.rows) = (columns, rows)
    }

    /// Everything that was written, without the colours.
    public var text: String { lines.map(Self.text).joined(separator: "\n").withoutVersionWarning }

    /// The lines in the window, without spaces at their ends and empty lines at its end.
    public var window: [String] {
        var shown = lines[top...].map { line in
            var text = Self.text(line)
            while text.last == " " { text.removeLast() }
            return text
        }
        while shown.last == "" { shown.removeLast() }
        return shown
    }

    private static func text(_ line: [Character]) -> String { String(line.filter { $0 != "\0" }) }

    public mutating func feed(_ text: String) { feed(Array(text.utf8)) }

    public mutating func feed(_ bytes: [UInt8]) {
        pending += bytes
        var rest = pending[...]
        while let length = Self.length(of: rest) {
            let part = String(decoding: rest.prefix(length), as: UTF8.self)
            rest = rest.dropFirst(length)
            switch part {
            case "\r": column = 0
            case "\n":
                column = 0
                down()
            case _ where part.hasPrefix("\u{1b}["):
                control(part.last ?? " ", Int(part.dropFirst(2).dropLast()) ?? 1)
            default: for character in part { put(character) }
            }
        }
        pending = Array(rest)
    }

    /// Changes the size of the window.
    ///
    /// * `wrapsLines`: Whether lines that are too long go on in the next one, as most terminals do, or are cut off.
    public mutating func resize(columns: Int, rows: Int, wrapsLines: Bool) {
        (self.columns, self.rows) = (columns, rows)
        var changed = Array(lines[..<top])
        var newRow = row
        for (index, line) in lines.enumerated().dropFirst(top) {
            if index == row { newRow = changed.count }
            guard line.count > columns else {
                changed.append(line)
                continue
            }
            let starts = wrapsLines ? Array(stride(from: 0, to: line.count, by: columns)) : [0]
            changed += starts.map { Array(line[$0..<min(line.count, $0 + columns)]) }
        }
        (lines, row) = (changed, newRow)
        column = min(column, columns)
        top = max(top, row - rows + 1)
    }

    /// The number of bytes of the next character or control sequence, `nil` if it is not there yet.
    private static func length(of bytes: ArraySlice<UInt8>) -> Int? {
        guard let first = bytes.first else { return nil }
        guard first == 0x1b else {
            let length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
            return bytes.count >= length ? length : nil
        }
        let end = bytes.dropFirst(2).firstIndex { (0x40...0x7e).contains($0) }
        return end.map { $0 - bytes.startIndex + 1 }
    }

    private mutating func control(_ command: Character, _ count: Int) {
        switch command {
        case "A": row = max(top, row - count)
        case "B": row = min(top + rows - 1, lines.count - 1, row + count)
        case "H": (row, column) = (top, 0)
        case "K": lines[row] = Array(lines[row].prefix(column))
        case "J":
            lines[row] = Array(lines[row].prefix(column))
            lines.removeSubrange((row + 1)...)
        default: break
        }
    }

    private mutating func put(_ character: Character) {
        let isWide = character.unicodeScalars.first.map { (0x2e81...0xffff).contains($0.value) } == true
        if column + (isWide ? 2 : 1) > columns {
            column = 0
            down()
        }
        while lines[row].count < column + (isWide ? 2 : 1) { lines[row].append(" ") }
        lines[row][column] = character
        if isWide { lines[row][column + 1] = "\0" }
        column += isWide ? 2 : 1
    }

    private mutating func down() {
        row += 1
        if row == lines.count { lines.append([]) }
        top = max(top, row - rows + 1)
    }
}
