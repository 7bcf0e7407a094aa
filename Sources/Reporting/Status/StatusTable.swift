public import Base
import Execution
public import State

/// Returns statuses as a table for people.
///
/// The reason is below its row, in as many lines as it takes. Descriptions are cut off where the terminal ends; on one that
/// is narrower than the other columns, every task has lines of its own instead of a row.
///
/// - Parameters:
///   - statuses: The statuses of the tasks.
///   - columns: The width of the terminal, or `nil` for lines of any length.
///   - isColoured: Whether states are coloured.
///   - isUTF8: Whether the table may have characters that are not ASCII.
/// - Returns: The lines, the heading first; a sentence if there is no task.
public func statusLines(
    _ statuses: [TaskStatus],
    columns: Int? = nil,
    isColoured: Bool = false,
    isUTF8: Bool = true,
) -> [String] {
    guard !statuses.isEmpty else { return ["no task for this node"] }
    let table = StatusTable(rows: statuses.map { cells($0, isUTF8) }, columns: columns, isUTF8: isUTF8)
    var lines = table.isNarrow ? [] : [table.line(heading, colour: nil)]
    for (status, cells) in zip(statuses, table.rows) {
        let colour = isColoured ? colour(status.state) : nil
        lines += table.isNarrow ? table.paragraph(cells, colour: colour) : [table.line(cells, colour: colour)]
        let width = columns.map { max(20, $0 - 4) } ?? .max
        lines += reasons(status).flatMap { text($0, isUTF8).wrapped(to: width) }.map { "    \($0)" }
    }
    return lines
}

/// Returns warnings below the table of the statuses.
///
/// - Parameters:
///   - warnings: What needs attention although nothing has failed.
///   - columns: The width of the terminal, or `nil` for lines of any length.
/// - Returns: The lines, none if there is no warning.
public func warningLines(_ warnings: [Problem], columns: Int? = nil) -> [String] {
    warnings.flatMap { warning in
        // The file is in the message.
        let text = Problem(warning.message, hint: warning.hint).line
        return "warning: \(text)".wrapped(to: columns.map { max(20, $0) } ?? .max)
    }
}

private let heading = ["TASK", "STATE", "UNIT", "AGE", "DURATION", "OBJECTS", "REPETITION", "DESCRIPTION"]

private func cells(_ status: TaskStatus, _ isUTF8: Bool) -> [String] {
    [
        status.task, "\(status.state)", unitWords(status), status.age?.clockText ?? "",
        status.duration?.humanReadable ?? "", status.counts.text, repetitionWords(status), status.description ?? "",
    ].map { text($0, isUTF8) }
}

/// Why the task, or its last repetition, has not succeeded, a line each.
private func reasons(_ status: TaskStatus) -> [String] {
    var lines = status.reason?.split(separator: "\n").map(String.init) ?? []
    if let lease = status.lease {
        // What systemd knows is either the same, or the wait for this Lease in other words.
        lines.removeAll { $0 == lease.text || !lease.isSelf && $0.hasPrefix("waiting: \(lease.object): ") }
        lines.insert(lease.text, at: 0)
    }
    guard let repetition = status.repetition, !repetition.state.isSuccess, let reason = repetition.reason else {
        return lines
    }
    return lines + reason.split(separator: "\n").map { "repetition: \($0)" }
}

/// The last repetition and the next one.
private func repetitionWords(_ status: TaskStatus) -> String {
    var words: [String] = []
    if let repetition = status.repetition {
        words.append("\(repetition.state)" + (repetition.age.map { " \($0.clockText) ago" } ?? ""))
    }
    if let time = status.repeatsIn { words.append("next in \(time.clockText)") }
    return words.joined(separator: ", ")
}

/// The state of the unit, with what follows from a failure.
private func unitWords(_ status: TaskStatus) -> String {
    let words = status.service?.words ?? ""
    guard !words.isEmpty, status.state == .ended(.failed) else { return words }
    if let time = status.retriesIn { return "\(words), retries in \(time.clockText)" }
    return status.isPermanent ? "\(words), not retried" : words
}

private func text(_ text: String, _ isUTF8: Bool) -> String {
    isUTF8 ? printable(text) : asciiText(printable(text))
}

/// Rows with their columns in the width of their widest cells.
private struct StatusTable {
    let rows: [[String]]
    private let widths: [Int]
    private let columns: Int?
    private let isUTF8: Bool

    init(rows: [[String]], columns: Int?, isUTF8: Bool) {
        self.rows = rows
        self.columns = columns
        self.isUTF8 = isUTF8
        widths = heading.indices.map { column in
            // A column without values is left out.
            let width = rows.map { $0[column].columnCount }.max() ?? 0
            return width == 0 ? 0 : max(width, heading[column].columnCount)
        }
    }

    /// Whether the columns other than the description do not fit the terminal.
    var isNarrow: Bool {
        guard let columns else { return false }
        let used = widths.dropLast().filter { $0 > 0 }
        return used.reduce(0, +) + 2 * (used.count - 1) > columns
    }

    func line(_ cells: [String], colour: String?) -> String {
        var line = ""
        var used = 0
        for (index, cell) in cells.enumerated() where widths[index] > 0 {
            let isLast = index == cells.count - 1
            // Only the description may be long.
            let space = isLast ? columns.map { max(0, $0 - used) } : nil
            let text = (space.map { cell.truncated(to: $0, isUTF8: isUTF8) } ?? cell)
                .padded(to: isLast ? 0 : widths[index] + 2)
            used += text.columnCount
            line += index == 1 ? painted(text, colour) : text
        }
        while line.last == " " { line.removeLast() }
        return line
    }

    /// The name and the state, below them the description and the other cells with their headings.
    func paragraph(_ cells: [String], colour: String?) -> [String] {
        let width = max(20, (columns ?? 80) - 4)
        let others = heading.indices.dropFirst(2).dropLast().filter { !cells[$0].isEmpty }
        let details = others.map { "\(heading[$0].lowercased()) \(cells[$0])" }.joined(separator: ", ")
        let lines = [cells[cells.count - 1], details].flatMap { $0.wrapped(to: width) }
        return ["\(cells[0]): \(painted(cells[1], colour))"] + lines.map { "    \($0)" }
    }

    private func painted(_ text: String, _ colour: String?) -> String {
        colour.map { "\u{1b}[\($0)m\(text)\u{1b}[0m" } ?? text
    }
}

private func colour(_ state: TaskState) -> String {
    if state.isSuccess { return "32" }
    return state == .ended(.failed) ? "31" : "33"
}
