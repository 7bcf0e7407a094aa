import Base

/// Formats the rows of a live view in columns: name, state, time, and what the task does.
///
/// On a terminal that is too narrow for the last one it is below the row.
struct RowFormatter {
    /// The columns that may be used.
    let columns: Int

    /// Whether the terminal shows UTF-8.
    let isUTF8: Bool

    private let nameWidth: Int
    private let isWide: Bool

    /// The columns of the words for states.
    private static let wordWidth = 11

    /// The columns of times.
    private static let timeWidth = 7

    /// The columns between the name and what a task does.
    private static let otherColumns = wordWidth + timeWidth + 6

    /// The columns of what a task does, below which it is in lines of its own.
    private static let minimumWidth = 24

    /// The largest number of lines below a row for what its task waits for or has done, as long as it may change.
    private static let detailLimit = 3

    /// The spaces before lines that belong to the one above them.
    private static let indentation = "    "

    /// Creates a formatter.
    ///
    /// - Parameters:
    ///   - nameWidth: The columns of the widest name.
    ///   - columns: The columns that may be used.
    ///   - isUTF8: Whether the terminal shows UTF-8.
    init(nameWidth: Int, columns: Int, isUTF8: Bool) {
        self.columns = columns
        self.isUTF8 = isUTF8
        let width = min(nameWidth, max(columns * 2 / 5, 8))
        isWide = columns - width - Self.otherColumns >= Self.minimumWidth
        self.nameWidth = isWide ? width : min(nameWidth, max(columns - Self.otherColumns + 2, 8))
    }

    /// Formats a row to be replaced: every line fits the terminal.
    ///
    /// - Parameters:
    ///   - row: The row.
    ///   - showsDetailLines: Whether what the task does may have lines of its own. What changes several times a second
    ///     has none that come and go.
    ///   - problemLimit: The largest number of lines for what is wrong.
    /// - Returns: The lines, at least one.
    func lines(_ row: TaskRow, showsDetailLines: Bool, problemLimit: Int) -> [ScreenLine] {
        let limit = showsDetailLines ? detailLimit(row.phase) : 0
        var lines = isWide ? wide(row, limit) : narrow(row, limit)
        let problems = problemLines(row, limit: problemLimit)
        lines += problems.prefix(problemLimit)
        if problems.count > problemLimit, problemLimit > 0 { lines[lines.count - 1].after += " " + ellipsis }
        return lines.map { $0.truncated(to: columns, isUTF8: isUTF8) }
    }

    /// Formats a row that stays, with everything that there is to say.
    func finalLines(_ row: TaskRow) -> [ScreenLine] {
        (isWide ? wide(row, .max) : paragraph(row)) + problemLines(row)
    }

    /// Formats a line about several tasks.
    func line(_ text: String, _ tone: Line.Tone = .progress) -> ScreenLine {
        Line(nil, shown(text), tone).onScreen.truncated(to: columns, isUTF8: isUTF8)
    }

    /// The largest number of lines below a row for what its task does.
    private func detailLimit(_ phase: TaskRow.Phase) -> Int {
        guard phase == .working else { return Self.detailLimit }
        return isWide ? 0 : 1
    }

    private func wide(_ row: TaskRow, _ detailLimit: Int) -> [ScreenLine] {
        let detail = shown(row.detail)
        let space = columns - nameWidth - Self.otherColumns
        // One line below the row says as much as two or three beside it, and breaks fewer paths.
        guard detail.columnCount > space, detailLimit > 0 else { return [head(row, detail)] }
        return [head(row, "")] + below(detail, Self.indentation, detailLimit)
    }

    private func narrow(_ row: TaskRow, _ detailLimit: Int) -> [ScreenLine] {
        let detail = shown(row.detail)
        if detailLimit == 0, row.phase.isRunning, !detail.isEmpty {
            // Its activity says that it runs.
            return [ScreenLine(marked: "", after: "\(name(row))  \(detail)", tone: .progress)]
        }
        return [head(row, "")] + below(detail, "  ", detailLimit)
    }

    /// A row on a narrow terminal that stays: names that are cut off could be those of several tasks.
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

    /// The activity of a task, in lines below its row.
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

    /// The problems, in no fewer lines than the limit if there are more.
    private func problemLines(_ row: TaskRow, limit: Int = .max) -> [ScreenLine] {
        var lines: [ScreenLine] = []
        for problem in row.problems {
            // A task can have thousands of problems, of which a frame shows a few.
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
        // With a space the last line is cut off where the ellipsis does not fit.
        if limit > 0 { kept[limit - 1] += " " + ellipsis }
        return kept
    }

    private func shown(_ text: String) -> String { tableText(text, isUTF8) }

    private var ellipsis: String { isUTF8 ? "…" : "..." }
}
