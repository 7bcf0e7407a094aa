import Base

/// Rows in columns that are as wide as their widest cell, with an optional colour for the second column.
struct TextTable {
    private let heading: [String]
    private let rows: [[String]]
    private let widths: [Int]
    private let columns: Int?

    /// Creates a table of rows that have as many cells as the heading.
    init(_ heading: [String], _ rows: [[String]], columns: Int? = nil) {
        (self.heading, self.rows) = (heading, rows)
        self.columns = columns
        widths = heading.indices.map { column in
            // A column without values is omitted.
            let width = rows.map { $0[column].columnCount }.max() ?? 0
            return width == 0 ? 0 : max(width, heading[column].columnCount)
        }
    }

    /// Returns the lines of the table, with the details of each row below it.
    ///
    /// - Parameters:
    ///   - tones: The tone of each row, which determines the colour of its second cell, `nil` for a row without
    ///     colours; empty for a table without colours.
    ///   - details: The details of each row, wrapped to as many lines as needed; empty if no row has any.
    /// - Returns: The lines, the heading first.
    func lines(tones: [Line.Tone?] = [], details: [[String]] = []) -> [String] {
        let width = columns.map { max(20, $0 - 4) } ?? .max
        let blocks = rows.indices.map { row in
            let tone = tones.isEmpty ? nil : tones[row]
            let details = details.isEmpty ? [] : details[row]
            return (isNarrow ? paragraph(rows[row], tone) : [line(rows[row], tone)])
                + details.flatMap { $0.wrapped(to: width) }.map { "    \($0)" }
        }
        return (isNarrow ? [] : [line(heading, nil)]) + blocks.flatMap(\.self)
    }

    /// Whether the columns other than the last do not fit the terminal.
    private var isNarrow: Bool {
        guard let columns else { return false }
        let used = widths.dropLast().filter { $0 > 0 }
        return used.reduce(0, +) + 2 * (used.count - 1) > columns
    }

    private func line(_ cells: [String], _ tone: Line.Tone?) -> String {
        var line = ""
        var used = 0
        for (index, cell) in cells.enumerated() where widths[index] > 0 {
            let isLast = index == cells.count - 1
            // Only the last cell may be too long for the terminal.
            let space = isLast ? columns.map { max(0, $0 - used) } : nil
            let text = (space.map { cell.truncated(to: $0) } ?? cell)
                .padded(to: isLast ? 0 : widths[index] + 2)
            used += text.columnCount
            line += index == 1 ? painted(text, tone) : text
        }
        while line.last == " " { line.removeLast() }
        return line
    }

    /// Returns the name and the state and, below them, the last cell and the other cells with their headings.
    private func paragraph(_ cells: [String], _ tone: Line.Tone?) -> [String] {
        let width = max(20, (columns ?? 80) - 4)
        let others = heading.indices.dropFirst(2).dropLast().filter { !cells[$0].isEmpty }
        let details = others.map { "\(heading[$0].lowercased()) \(cells[$0])" }.joined(separator: ", ")
        let lines = [cells[cells.count - 1], details].flatMap { $0.wrapped(to: width) }
        return ["\(cells[0]): \(painted(cells[1], tone))"] + lines.map { "    \($0)" }
    }

    private func painted(_ text: String, _ tone: Line.Tone?) -> String { tone?.painted(text) ?? text }
}
