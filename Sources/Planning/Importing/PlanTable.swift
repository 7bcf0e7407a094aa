import Base

/// A table of comma-separated values with a header: a first line with the names of the columns.
///
/// The format is that of RFC 4180, except that white space around values and empty lines are ignored.
struct PlanTable {
    fileprivate struct Cell {
        let text: String
        let location: SourceLocation
    }

    /// A line below the header.
    struct Row {
        fileprivate let columns: [String]
        fileprivate let needed: [String]
        fileprivate let cells: [Cell]
        fileprivate let problems: ProblemCollector

        /// The value of a required column, or `nil` if it is missing or empty, which is reported.
        subscript(column: String) -> ConfigValue? { value(of: column) { $0 } }

        /// Returns the value of a required column in lower case, or `nil` if it is missing or empty.
        func lowercased(_ column: String) -> ConfigValue? { value(of: column) { $0.lowercased() } }

        /// The non-empty values of the columns that are not required.
        var others: [(column: String, value: String)] {
            zip(columns, cells).compactMap { column, cell in
                guard !needed.contains(column), !cell.text.isEmpty else { return nil }
                return value(cell.text, column, cell.location).string().map { (column, $0) }
            }
        }

        private func value(of column: String, _ convert: (String) -> String) -> ConfigValue? {
            guard let index = columns.firstIndex(of: column), index < cells.count else { return nil }
            let cell = cells[index]
            guard !cell.text.isEmpty else {
                problems.add(cell.location, "\(quoted(column)) is empty", hint: "write a value")
                return nil
            }
            return value(convert(cell.text), column, cell.location)
        }

        private func value(_ text: String, _ column: String, _ location: SourceLocation) -> ConfigValue {
            ConfigValue(node: .string(text, location: location), subject: ValueName(path: [column]), problems: problems)
        }
    }

    /// The location of the header.
    let location: SourceLocation

    private(set) var rows: [Row] = []

    /// Whether the table was read to its end; `false` if a quote is never closed.
    let hasAllLines: Bool

    /// Reads a table, or returns `nil` after reporting why it cannot be read or which columns are missing.
    init?(_ file: SourceFile, needed: [String], _ problems: ProblemCollector) {
        let whole = SourceLocation(file: file.path)
        guard let text = String(validating: file.bytes, as: UTF8.self), !text.utf8.contains(0) else {
            let hint = "convert it, such as with 'iconv -f LATIN1 -t UTF-8' or 'iconv -f UTF-16 -t UTF-8'"
            problems.add(whole, "the file is no text in UTF-8", hint: hint)
            return nil
        }
        var reader = CSVReader(text, file: file.path, problems)
        var lines: [[Cell]] = []
        while let line = reader.next() { lines.append(line) }
        hasAllLines = !reader.isBroken
        guard let header = lines.first else {
            let hint = "write \(needed.joined(separator: ",")) in the first line"
            if hasAllLines { problems.add(whole, "the table is empty", hint: hint) }
            return nil
        }
        location = header[0].location
        guard Self.check(header, needed, problems) else { return nil }
        let columns = header.map { cell in needed.first { $0 == cell.text.lowercased() } ?? cell.text }
        for cells in lines.dropFirst() {
            if cells.count != columns.count {
                let values = "\(cells.count) value\(cells.count == 1 ? "" : "s")"
                let isShort = cells.count < columns.count
                problems.add(
                    cells[isShort ? 0 : columns.count].location,
                    "the line has \(values), and the table \(columns.count) columns",
                    hint: isShort ? "write ',' also before an empty value" : "write a value with ',' in it in quotes"
                )
            }
            rows.append(Row(columns: columns, needed: needed, cells: cells, problems: problems))
        }
    }

    /// Reports problems in the header, and returns whether all required columns exist.
    private static func check(_ header: [Cell], _ needed: [String], _ problems: ProblemCollector) -> Bool {
        if header.count == 1, let other = [";", "|", "\t"].first(where: header[0].text.contains) {
            let name = other == "\t" ? "a tab" : "'\(other)'"
            problems.add(header[0].location, "the columns are separated with \(name)", hint: "write ',' instead")
            return false
        }
        var seen: [String: SourceLocation] = [:]
        for cell in header {
            let lowercased = cell.text.lowercased()
            if let first = seen[lowercased] {
                let message = "column \(quoted(cell.text)) appears twice, first at \(first)"
                problems.add(cell.location, message, hint: "remove one")
            }
            seen[lowercased] = seen[lowercased] ?? cell.location
            if !needed.contains(lowercased) { _ = problems.checkVariableName(cell.text, at: cell.location) }
        }
        let missing = needed.filter { seen[$0] == nil }
        for column in missing {
            problems.add(header[0].location, "column '\(column)' is missing", hint: "add it to the first line")
        }
        return missing.isEmpty
    }
}

private struct CSVReader {
    private var rest: ArraySlice<Unicode.Scalar>
    private var location: SourceLocation
    private var position = SourceLocation.Position(line: 1, column: 1)
    private let problems: ProblemCollector
    /// Whether a quote is never closed.
    private(set) var isBroken = false

    init(_ text: String, file: String, _ problems: ProblemCollector) {
        // Byte-order marks and carriage returns are not part of values.
        rest = text.unicodeScalars.filter { !["\u{feff}", "\r"].contains($0) }[...]
        location = SourceLocation(file: file)
        self.problems = problems
    }

    /// Returns the values of the next line that is not empty, or `nil` at the end of the table or if ``isBroken``.
    mutating func next() -> [PlanTable.Cell]? {
        while !rest.isEmpty {
            var row = [readCell()]
            while take() == "," { row.append(readCell()) }
            guard !isBroken else { return nil }
            if row.count > 1 || !row[0].text.isEmpty { return row }
        }
        return nil
    }

    /// Reads a value up to the comma or line break after it.
    private mutating func readCell() -> PlanTable.Cell {
        while let scalar = rest.first, scalar.properties.isWhitespace, scalar != "\n" { take() }
        location.position = position
        let start = location
        let isQuoted = rest.first == "\""
        var text = isQuoted ? readQuoted(from: start) : String.UnicodeScalarView()
        var isFaulty = false
        while let scalar = rest.first, scalar != ",", scalar != "\n" {
            if !isFaulty, isQuoted ? !scalar.properties.isWhitespace : scalar == "\"" {
                isFaulty = true
                location.position = position
                let hint = "write the whole value in quotes, and each quote in it twice"
                problems.add(location, "a quote in the middle of a value", hint: hint)
            }
            text.append(scalar)
            take()
        }
        return PlanTable.Cell(text: trimmed(text), location: start)
    }

    private mutating func readQuoted(from location: SourceLocation) -> String.UnicodeScalarView {
        var text = String.UnicodeScalarView()
        take()
        while let scalar = take() {
            if scalar == "\"" {
                guard rest.first == "\"" else { return text }
                take()
            }
            text.append(scalar)
        }
        isBroken = true
        problems.add(location, "the quote is never closed", hint: "write '\"' at the end of the value")
        return text
    }

    @discardableResult private mutating func take() -> Unicode.Scalar? {
        guard let scalar = rest.popFirst() else { return nil }
        let isEnd = scalar == "\n"
        position = .init(line: position.line + (isEnd ? 1 : 0), column: isEnd ? 1 : position.column + 1)
        return scalar
    }

    private func trimmed(_ scalars: String.UnicodeScalarView) -> String {
        guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return "" }
        return String(scalars[first...last])
    }
}
