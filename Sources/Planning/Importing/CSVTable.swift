import Base

/// A table of comma-separated values in the format of RFC 4180.
///
/// Whitespace around values is removed. Lines without any value are ignored.
struct CSVTable {
    /// One value.
    struct Cell {
        let text: String
        let location: SourceLocation
    }

    /// The lines with values, the first of which contains the column names.
    private(set) var rows: [[Cell]] = []

    /// Whether the file was read to its end.
    private(set) var isComplete = false

    /// Reads a table and reports its problems.
    init(_ file: SourceFile, _ problems: ProblemCollector) {
        let content: ImportedText
        do throws(Problem) {
            content = try ImportedText(file)
        } catch {
            problems.add([error])
            return
        }
        var reader = CSVReader(content.text, file: file.path, problems)
        while let row = reader.next() {
            rows.append(row)
            guard row.count <= Self.columnLimit else {
                problems.add(
                    row[Self.columnLimit].location,
                    "the line has more than \(Self.columnLimit) values"
                )
                return
            }
        }
        isComplete = !reader.isBroken
    }

    /// The number of columns above which a table is refused.
    private static let columnLimit = 100
}

/// A parser of the characters of a table.
private struct CSVReader {
    private let scalars: [Unicode.Scalar]
    private let file: String
    private let problems: ProblemCollector
    private var offset = 0
    private var position = SourceLocation.Position(line: 1, column: 1)
    /// Whether a quote is never closed, so that the end of its value is unknown.
    private(set) var isBroken = false

    init(_ text: String, file: String, _ problems: ProblemCollector) {
        scalars = Array(text.unicodeScalars)
        self.file = file
        self.problems = problems
    }

    /// Returns the values of the next line that has any, or `nil` at the end of the table.
    mutating func next() -> [CSVTable.Cell]? {
        while offset < scalars.count {
            let row = readRow()
            guard !isBroken else { return nil }
            if row.count > 1 || !row[0].text.isEmpty { return row }
        }
        return nil
    }

    private mutating func readRow() -> [CSVTable.Cell] {
        var row = [readCell()]
        while peek() == "," {
            advance()
            row.append(readCell())
        }
        if offset < scalars.count { advance() }
        return row
    }

    private mutating func readCell() -> CSVTable.Cell {
        skipBlanks()
        let location = SourceLocation(file: file, position: position)
        guard peek() == "\"" else { return CSVTable.Cell(text: trimmed(readPlain()), location: location) }
        advance()
        let text = readQuoted(from: location)
        skipBlanks()
        if !isCellEnd {
            let rest = SourceLocation(file: file, position: position)
            problems.add(
                rest,
                "text after a value in quotes",
                hint: "write ',' before it, or each quote in a value twice"
            )
            _ = readPlain()
        }
        return CSVTable.Cell(text: trimmed(text), location: location)
    }

    private mutating func readPlain() -> String.UnicodeScalarView {
        var text = String.UnicodeScalarView()
        var hasQuote = false
        while !isCellEnd, let scalar = peek() {
            if scalar == "\"", !hasQuote, !text.isEmpty {
                let location = SourceLocation(file: file, position: position)
                let hint = "write the whole value in quotes, and each quote in it twice"
                problems.add(location, "a quote in the middle of a value", hint: hint)
                hasQuote = true
            }
            text.append(scalar)
            advance()
        }
        return text
    }

    /// Reads a quoted value after its opening quote, up to and including its closing quote.
    private mutating func readQuoted(from location: SourceLocation) -> String.UnicodeScalarView {
        var text = String.UnicodeScalarView()
        while let scalar = peek() {
            advance()
            if scalar == "\"" {
                guard peek() == "\"" else { return text }
                advance()
            }
            text.append(scalar)
        }
        isBroken = true
        problems.add(location, "the quote is never closed", hint: "write '\"' at the end of the value")
        return text
    }

    private func peek() -> Unicode.Scalar? { offset < scalars.count ? scalars[offset] : nil }

    /// Whether a value ends at the current position.
    private var isCellEnd: Bool { peek().map { $0 == "," || isLineEnd($0) } ?? true }

    private func isLineEnd(_ scalar: Unicode.Scalar) -> Bool { scalar == "\n" || scalar == "\r" }

    private mutating func skipBlanks() {
        while let scalar = peek(), scalar.properties.isWhitespace, !isLineEnd(scalar) { advance() }
    }

    /// Advances by one character; CRLF counts as one.
    private mutating func advance() {
        let scalar = scalars[offset]
        offset += 1
        if scalar == "\r", peek() == "\n" { offset += 1 }
        if isLineEnd(scalar) {
            position = SourceLocation.Position(line: position.line + 1, column: 1)
        } else {
            position.column += 1
        }
    }
}

/// Returns a value without the whitespace around it.
func trimmed(_ scalars: String.UnicodeScalarView) -> String {
    guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
        let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
    else { return "" }
    return String(scalars[first...last])
}
