import Base

/// Formats the rows of a live view in columns: name, state, time and activity.
///
/// If the terminal is too narrow for the activity, it is printed below the row.
struct RowFormatter {
    /// The number of columns available.
    let columns: Int

    /// Whether the terminal supports UTF-8.
    let isUTF8: Bool

    private let nameWidth: Int
    private let isWide: Bool

    /// The width of the column for states.
    private static let wordWidth = 11

    /// The width of the column for times.
    private static let timeWidth = 7

    /// The width of everything between the name and the activity.
    private static let otherColumns = wordWidth + timeWidth + 6

    /// The smallest width of the activity column; if less is available, the activity is below the row.
    private static let minimumWidth = 24

    /// The largest number of activity lines below a row that may still change.
    private static let detailLimit = 3

    /// The indentation of lines that belong to the row above them.
    private static let indentation = "    "

    /// Creates a formatter.
    ///
    /// - Parameters:
    ///   - nameWidth: The number of columns of the widest name.
    ///   - columns: The number of columns available.
    ///   - isUTF8: Whether the terminal supports UTF-8.
    init(nameWidth: Int, columns: Int, isUTF8: Bool) {
        self.columns = columns
        self.isUTF8 = isUTF8
        let width = min(nameWidth, max(columns * 2 / 5, 8))
        isWide = columns - width - Self.otherColumns >= Self.minimumWidth
        self.nameWidth = isWide ? width : min(nameWidth, max(columns - Self.otherColumns + 2, 8))
    }

    /// Formats a row that is redrawn, with every line cut to the width of the terminal.
    ///
    /// - Parameters:
    ///   - row: The row.
    ///   - showsDetailLines: Whether the activity may have separate lines. On a wide terminal, a working task never has
    ///     any, because they would appear and disappear several times a second.
    ///   - problemLimit: The largest number of lines for problems.
    /// - Returns: The lines, at least one.
    func lines(_ row: TaskRow, showsDetailLines: Bool, problemLimit: Int) -> [ScreenLine] {
        let limit = showsDetailLines ? detailLimit(row.phase) : 0
        var lines = isWide ? wide(row, limit) : narrow(row, limit)
        let problems = problemLines(row, limit: problemLimit)
        lines += problems.prefix(problemLimit)
        if problems.count > problemLimit, problemLimit > 0 { lines[lines.count - 1].after += " " + ellipsis }
        return lines.map { $0.truncated(to: columns, isUTF8: isUTF8) }
    }

    /// Formats a row that stays, with all details and problems.
    func finalLines(_ row: TaskRow) -> [ScreenLine] {
        (isWide ? wide(row, .max) : paragraph(row)) + problemLines(row)
    }

    /// Formats a line about several tasks.
    func line(_ text: String, _ tone: Line.Tone = .progress) -> ScreenLine {
        Line(nil, shown(text), tone).onScreen.truncated(to: columns, isUTF8: isUTF8)
    }

    /// Returns the largest number of lines below a row for the activity of its task.
    private func detailLimit(_ phase: TaskRow.Phase) -> Int {
        guard phase == .working else { return Self.detailLimit }
        return isWide ? 0 : 1
    }

    private func wide(_ row: TaskRow, _ detailLimit: Int) -> [ScreenLine] {
        let detail = shown(row.detail)
        let space = columns - nameWidth - Self.otherColumns
        // One line below the row holds as much text as two or three lines in the narrow column, and breaks fewer paths.
        guard detail.columnCount > space, detailLimit > 0 else { return [head(row, detail)] }
        return [head(row, "")] + below(detail, Self.indentation, detailLimit)
    }

    private func narrow(_ row: TaskRow, _ detailLimit: Int) -> [ScreenLine] {
        let detail = shown(row.detail)
        if detailLimit == 0, row.phase.isRunning, !detail.isEmpty {
            // The activity itself shows that the task is running.
            return [ScreenLine(marked: "", after: "\(name(row))  \(detail)", tone: .progress)]
        }
        return [head(row, "")] + below(detail, "  ", detailLimit)
    }

    /// Returns a row that stays, for a narrow terminal.
    ///
    /// Nothing is truncated, because a truncated name could be ambiguous.
    private func paragraph(_ row: TaskRow) -> [ScreenLine] {
        var head = ScreenLine(before: "\(printable(row.name)): ", marked: row.word, tone: row.tone)
        let time = row.time.isEmpty ? "" : ", \(row.time)"
        guard head.columnCount + time.columnCount > columns else {
            head.after = time
            return [head] + below(shown(row.detail), "  ", .max)
        }
        let detail = [shown(row.detail), row.time].filter { !$0.isEmpty }.joined(separator: ", ")
        return [head] + below(detail, "  ", .max)
    }

    /// Returns the activity of a task as lines below its row.
    private func below(_ detail: String, _ indentation: String, _ limit: Int) -> [ScreenLine] {
        limited(detail.wrapped(to: columns - indentation.count), to: limit).map {
            ScreenLine(marked: "", after: indentation + $0, tone: .progress)
        }
    }

    private func head(_ row: TaskRow, _ detail: String) -> ScreenLine {
        let padding = String(repeating: " ", count: max(0, Self.wordWidth - row.word.count) + 2)
        var after = "\(padding)\(row.time.padded(to: Self.timeWidth))  \(detail)"
        while after.last == " " { after.removeLast() }
        return ScreenLine(before: "\(name(row))  ", marked: row.word, after: after, tone: row.tone)
    }

    private func name(_ row: TaskRow) -> String {
        printable(row.name).truncated(to: nameWidth, isUTF8: isUTF8).padded(to: nameWidth)
    }

    /// Returns the problems as lines; once there are more than the limit, further problems are left out.
    private func problemLines(_ row: TaskRow, limit: Int = .max) -> [ScreenLine] {
        var lines: [ScreenLine] = []
        for problem in row.problems {
            // A task can have thousands of problems, but a frame shows only a few.
            if lines.count > limit { break }
            let texts = shown(problem).wrapped(to: columns - Self.indentation.count)
            lines += texts.enumerated().map { index, text in
                Line(nil, Self.indentation + text, index == 0 ? .error : .progress).onScreen
            }
        }
        return lines
    }

    private func limited(_ lines: [String], to limit: Int) -> [String] {
        guard lines.count > limit else { return lines }
        var kept = Array(lines.prefix(limit))
        // The added space makes truncation remove the end of the line if the ellipsis does not fit.
        if limit > 0 { kept[limit - 1] += " " + ellipsis }
        return kept
    }

    private func shown(_ text: String) -> String { tableText(text, isUTF8) }

    private var ellipsis: String { isUTF8 ? "…" : "..." }
}
