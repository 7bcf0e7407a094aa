import Base
import Planning

/// A row for a task in a view or a list.
struct TaskRow: Sendable, Hashable {
    /// The progress of a task, which determines the task's priority if there are too few lines.
    enum Phase: Sendable, Hashable {
        /// The task has not started, or waits to start again.
        case open
        case working
        case waiting
        /// The task has ended or will not start; an unknown state counts as a failure.
        case ended(Outcome.Kind)

        var isRunning: Bool { self == .working || self == .waiting }

        var hasFailed: Bool { self == .ended(.failed) }

        /// Whether the task has neither succeeded nor failed, and will not continue.
        var isUndone: Bool { self == .ended(.skipped) || self == .ended(.interrupted) }
    }

    var name: String
    var phase: Phase
    var word: String
    var tone: Line.Tone
    /// The time for which the task has been running, or its duration if it has ended.
    var time = ""
    /// The activity, wait or result of the task.
    var detail = ""
    /// The problems or notes, which are printed below the row.
    var problems: [String] = []
}

/// A formatter of rows with columns for name, state, time and detail.
///
/// A detail that does not fit into its row is printed below it, or truncated.
struct RowFormatter {
    let columns: Int
    private let nameWidth: Int
    /// The number of columns for the detail in a row, negative if the terminal is too narrow.
    private let detailWidth: Int
    private let wordWidth: Int

    private static let timeWidth = 7
    /// The indentation of lines that belong to the row above them.
    private static let indentation = "    "

    /// Creates a formatter with columns that fit the rows; without a width, lines have any length.
    init(_ rows: [TaskRow], columns: Int?) {
        let columns = columns ?? 1 << 20
        self.columns = columns
        wordWidth = max(11, rows.map(\.word.count).max() ?? 0)
        nameWidth = min(rows.map { printable($0.name).columnCount }.max() ?? 0, max(columns * 2 / 5, 8))
        detailWidth = columns - nameWidth - wordWidth - Self.timeWidth - 6
    }

    /// Formats a row that is redrawn, with every line cut to the number of columns.
    ///
    /// On a wide terminal, the activity of a working task never has its own lines, because they would appear and
    /// disappear several times a second.
    func lines(_ row: TaskRow, _ showsDetailLines: Bool, problemLimit: Int) -> [ScreenLine] {
        let workLimit = detailWidth < 24 ? 1 : 0
        let detailLimit = !showsDetailLines ? 0 : row.phase == .working ? workLimit : 3
        let name = printable(row.name).truncated(to: nameWidth)
        var lines = lines(row, name: name, detailLimit)
        let problems = problemLines(row, limit: problemLimit)
        lines += problems.prefix(problemLimit)
        if problems.count > problemLimit, problemLimit > 0 { lines[lines.count - 1].after += " …" }
        return lines.map { $0.truncated(to: columns) }
    }

    /// Formats a row that stays, with its whole name, all details and all problems.
    func finalLines(_ row: TaskRow) -> [ScreenLine] {
        lines(row, name: printable(row.name), .max) + problemLines(row, limit: .max)
    }

    func line(_ text: String, _ tone: Line.Tone = .progress) -> ScreenLine {
        Line(nil, printable(text), tone).onScreen.truncated(to: columns)
    }

    private func lines(_ row: TaskRow, name: String, _ detailLimit: Int) -> [ScreenLine] {
        let detail = printable(row.detail)
        let space = max(0, detailWidth - max(0, name.columnCount - nameWidth))
        // One line below the row holds as much text as two or three lines in the narrow column, and breaks fewer paths.
        let isBeside = detail.columnCount <= space || detailLimit == 0
        let padding = String(repeating: " ", count: max(0, wordWidth - row.word.count) + 2)
        var after = "\(padding)\(row.time.padded(to: Self.timeWidth))  \(isBeside ? detail : "")"
        while after.last == " " { after.removeLast() }
        let head = ScreenLine(before: "\(name.padded(to: nameWidth))  ", marked: row.word, after: after, tone: row.tone)
        guard !isBeside else { return [head] }
        let below = detail.wrapped(to: columns - Self.indentation.count)
        var kept = Array(below.prefix(detailLimit))
        if below.count > detailLimit { kept[detailLimit - 1] += " …" }
        return [head] + kept.map { ScreenLine(marked: "", after: Self.indentation + $0, tone: .progress) }
    }

    /// Returns the lines of the problems; after more than `limit` lines, further problems are left out.
    private func problemLines(_ row: TaskRow, limit: Int) -> [ScreenLine] {
        var lines: [ScreenLine] = []
        for problem in row.problems {
            // A task can have thousands of problems, but a frame shows only a few.
            if lines.count > limit { break }
            // Notes about a task that succeeded do not begin with `error: `.
            let hasFailed = problem.hasPrefix("error: ")
            let texts = printable(problem).wrapped(to: columns - Self.indentation.count)
            lines += texts.enumerated().map { index, text in
                Line(nil, Self.indentation + text, index == 0 && hasFailed ? .error : .progress).onScreen
            }
        }
        return lines
    }
}
