import Base
import YAML

/// One of the tables `hosts.csv` and `k3s.csv`, with values that are accessed by column name.
struct PlanTable {
    /// One line below the column names.
    struct Row {
        /// The location of the start of the line.
        let location: SourceLocation
        fileprivate let columns: [String]
        fileprivate let needed: [String]
        fileprivate let cells: [CSVTable.Cell]
        fileprivate let problems: ProblemCollector

        /// The original value of a required column, or `nil` after reporting that the value is empty.
        subscript(column: String) -> ConfigValue? { value(of: column) { $0 } }

        /// Returns the value of a required column in lower case, or `nil` after reporting that the value is empty.
        func lowercased(_ column: String) -> ConfigValue? { value(of: column) { $0.lowercased() } }

        /// The non-empty values of the other columns.
        var others: [(column: String, value: String)] {
            columns.indices.compactMap { index in
                guard index < cells.count, !needed.contains(columns[index]), !cells[index].text.isEmpty else {
                    return nil
                }
                return value(index, cells[index].text).string().map { (columns[index], $0) }
            }
        }

        private func value(of column: String, _ convert: (String) -> String) -> ConfigValue? {
            guard let index = columns.firstIndex(of: column), index < cells.count else { return nil }
            let value = value(index, convert(cells[index].text))
            guard !cells[index].text.isEmpty else {
                problems.add(
                    cells[index].location,
                    "\(value.label) is empty",
                    hint: "write a value"
                )
                return nil
            }
            return value
        }

        private func value(_ index: Int, _ text: String) -> ConfigValue {
            let node = Node.string(text, location: cells[index].location)
            return ConfigValue(node: node, subject: ValueName(path: [columns[index]]), problems: problems)
        }
    }

    /// The location of the column names.
    let location: SourceLocation

    /// The lines below the column names.
    private(set) var rows: [Row] = []

    /// Whether every line was read.
    let hasAllLines: Bool

    /// Whether every line was read and has one value for each column.
    private(set) var isComplete: Bool

    /// Reads a table, or returns `nil` after reporting that it is unusable.
    ///
    /// - Parameters:
    ///   - file: The file with the table.
    ///   - needed: The required columns.
    ///   - problems: The collector to which problems are reported.
    init?(_ file: SourceFile, needed: [String], _ problems: ProblemCollector) {
        let before = problems.all.count
        let table = CSVTable(file, problems)
        guard let header = table.rows.first else {
            guard problems.all.count == before else { return nil }
            let hint = "write \(needed.joined(separator: ",")) in the first line"
            problems.add(SourceLocation(file: file.path), "the table is empty", hint: hint)
            return nil
        }
        let columns = header.map { Self.name(of: $0, needed) }
        location = header[0].location
        (hasAllLines, isComplete) = (table.isComplete, table.isComplete)
        guard Self.check(header, needed, problems) else { return nil }
        for cells in table.rows.dropFirst() {
            guard let first = cells.first, problems.all.count < Limit.tableProblemCount else { continue }
            if cells.count != columns.count {
                let values = "\(cells.count) value\(cells.count == 1 ? "" : "s")"
                let message = "the line has \(values), and the table \(columns.count) columns"
                let isShort = cells.count < columns.count
                let location = isShort ? first.location : cells[columns.count].location
                let hint =
                    isShort ? "write ',' also before a value that is empty" : "write values with ',' in them in quotes"
                problems.add(location, message, hint: hint)
                isComplete = false
            }
            rows.append(
                Row(location: first.location, columns: columns, needed: needed, cells: cells, problems: problems)
            )
        }
    }

    /// Returns the name of a column, in lower case if the column is required and unchanged otherwise.
    private static func name(of cell: CSVTable.Cell, _ needed: [String]) -> String {
        let lowercased = cell.text.lowercased()
        return needed.contains(lowercased) ? lowercased : cell.text
    }

    /// Reports problems with the column names, and returns whether all required columns exist.
    private static func check(
        _ header: [CSVTable.Cell],
        _ needed: [String],
        _ problems: ProblemCollector,
    ) -> Bool {
        if header.count == 1, let other = [";", "|", "\t"].first(where: header[0].text.contains) {
            let name = other == "\t" ? "a tab" : "'\(other)'"
            problems.add(
                header[0].location,
                "the columns are separated with \(name)",
                hint: "write ',' instead"
            )
            return false
        }
        var seen: [String: SourceLocation] = [:]
        for cell in header {
            let lowercased = cell.text.lowercased()
            if let first = seen[lowercased] {
                problems.add(
                    cell.location,
                    "column \(quoted(cell.text)) appears twice, first at \(first)",
                    hint: "remove one"
                )
            }
            seen[lowercased] = seen[lowercased] ?? cell.location
            guard !needed.contains(lowercased) else { continue }
            let isBuiltIn = lowercased.hasPrefix("node.") || lowercased.hasPrefix("cluster.")
            if !isVariableName(cell.text) || isBuiltIn {
                let hint = "write a letter, then letters, digits, '_', '-' or '.', not 'node.' or 'cluster.'"
                problems.add(
                    cell.location,
                    "column \(quoted(cell.text)) cannot be the name of a variable",
                    hint: hint
                )
            }
        }
        let others = header.map { name(of: $0, needed) }.filter { !needed.contains($0) }
        let missing = needed.filter { seen[$0] == nil }
        for column in missing {
            let meant = problems.nearName(to: column, in: others)
            let hint = meant.map { "write it instead of \(quoted($0))" } ?? "add it to the first line"
            problems.add(header[0].location, "column '\(column)' is missing", hint: hint)
        }
        return missing.isEmpty
    }
}
