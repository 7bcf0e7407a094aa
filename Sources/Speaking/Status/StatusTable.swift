import Host
import Planning
import YAML

/// Writes rows as a table for people.
///
/// The reason stands below its row, in as many lines as it takes: it is what the table is read for. Descriptions are cut
/// off where the terminal ends.
///
/// - Parameters:
///   - rows: The tasks.
///   - columns: The width of the terminal, or `nil` for lines of any length.
///   - isColoured: Whether states are coloured.
/// - Returns: The lines, the heading first; a sentence if there is no row.
public func statusLines(_ rows: [StatusRow], columns: Int? = nil, isColoured: Bool = false) -> [String] {
    guard !rows.isEmpty else { return ["no task for this node"] }
    let cells = [heading] + rows.map(cells)
    let widths = heading.indices.map { column in
        // A column that nobody fills is not there.
        let isEmpty = cells.dropFirst().allSatisfy { $0[column].isEmpty }
        return isEmpty ? 0 : cells.map { $0[column].columnCount }.max() ?? 0
    }
    var lines = [tableLine(heading, widths, columns, colour: nil)]
    for (row, cells) in zip(rows, cells.dropFirst()) {
        lines.append(tableLine(cells, widths, columns, colour: isColoured ? colour(row.state) : nil))
        let width = columns.map { max(20, $0 - 4) } ?? .max
        let reasons = row.reason?.split(separator: "\n") ?? []
        lines += reasons.flatMap { printable(String($0)).wrapped(to: width) }.map { "    \($0)" }
    }
    return lines
}

/// Writes rows as one JSON object: `{"tasks": [...]}`.
///
/// - Parameter rows: The tasks.
/// - Returns: One line without its end.
public func statusJSON(_ rows: [StatusRow]) -> String {
    String(decoding: Node.mapping(["tasks": .sequence(rows.map(\.node))]).json(), as: UTF8.self)
}

private let heading = ["TASK", "STATE", "UNIT", "AGE", "DURATION", "OBJECTS", "DESCRIPTION"]

private func cells(_ row: StatusRow) -> [String] {
    [
        row.task, row.state, row.service?.words ?? "", row.age?.clockText ?? "", row.duration?.forPeople ?? "",
        row.objects.text, row.description ?? "",
    ].map(printable)
}

private func tableLine(_ cells: [String], _ widths: [Int], _ columns: Int?, colour: String?) -> String {
    var line = ""
    var used = 0
    for (index, cell) in cells.enumerated() where widths[index] > 0 {
        let isLast = index == cells.count - 1
        // Only the description may be long.
        let room = isLast ? columns.map { max(0, $0 - used) } : nil
        let text = (room.map(cell.truncated) ?? cell).padded(to: isLast ? 0 : widths[index] + 2)
        used += text.columnCount
        line += index == 1 ? colour.map { "\u{1b}[\($0)m\(text)\u{1b}[0m" } ?? text : text
    }
    while line.last == " " { line.removeLast() }
    return line
}

private func colour(_ state: String) -> String? {
    switch state {
    case "changed", "unchanged": "32"
    case "failed": "31"
    default: "33"
    }
}
