import TestSupport
import Testing

/// A document of the project, as tests read it.
struct ProjectDocument {
    /// One line of a table: its cells, without the marks of code.
    typealias Row = [String]

    /// The tables that begin with a column named `Key`, by the heading of their section.
    private(set) var keyTables: [String: [Row]] = [:]

    /// The YAML examples, with the line on which each begins.
    private(set) var examples: [(line: Int, text: String)] = []

    /// Reads a document.
    ///
    /// - Parameter path: Its path inside the repository.
    /// - Throws: An error if the file cannot be read.
    init(_ path: String) throws {
        var section = ""
        var example: (line: Int, lines: [Substring])?
        var isKeyTable = false
        let lines = try Self.text(path).split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            if let (start, body) = example {
                if line == "```" {
                    examples.append((start, body.joined(separator: "\n")))
                    example = nil
                } else {
                    example = (start, body + [line])
                }
            } else if line == "```yaml" {
                example = (index + 2, [])
            } else if line.hasPrefix("## ") {
                section = String(line.dropFirst(3))
            } else if line == "| Key | Type | Default | Meaning |" {
                isKeyTable = true
            } else if !line.hasPrefix("|") {
                isKeyTable = false
            } else if isKeyTable, !line.hasPrefix("| ---") {
                keyTables[section, default: []].append(Self.cells(line))
            }
        }
    }

    /// The text of a file of the repository.
    static func text(_ path: String) throws -> String {
        let root = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()
        return try Files.text("\(root)/\(path)")
    }

    private static func cells(_ line: Substring) -> Row {
        line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast().map { cell in
            var text = cell.drop { $0 == " " }
            while text.last == " " { text.removeLast() }
            return String(text)
        }
    }
}
