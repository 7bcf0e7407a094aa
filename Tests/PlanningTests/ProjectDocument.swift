import TestSupport
import Testing

/// A document of the project, as tests read it.
struct ProjectDocument {
    /// One line of a table: its cells, without the marks of code.
    typealias Row = [String]

    /// The tables that begin with a column named `Key`, by the title of their document.
    private(set) var keyTables: [String: [Row]] = [:]

    /// The YAML examples, with the line on which each begins.
    private(set) var examples: [(line: Int, text: String)] = []

    /// Reads documents as one.
    ///
    /// - Parameter paths: Their paths inside the repository.
    /// - Throws: An error if a file cannot be read.
    init(_ paths: [String]) throws {
        for path in paths { try add(path) }
    }

    /// Reads a document.
    init(_ path: String) throws { try self.init([path]) }

    private mutating func add(_ path: String) throws {
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
            } else if line.hasPrefix("# ") {
                section = String(line.dropFirst(2))
            } else if line == "| Key | Type | Default | Meaning |" {
                isKeyTable = true
            } else if !line.hasPrefix("|") {
                isKeyTable = false
            } else if isKeyTable, !line.hasPrefix("| ---") {
                keyTables[section, default: []].append(Self.cells(line))
            }
        }
    }

    /// The pages about sections and verbs of the task file.
    static func taskFilePages() throws -> [String] {
        try Files.list("\(root)/docs/task-file").map { "docs/task-file/\($0)" }
    }

    private static let root = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()

    /// The text of a file of the repository.
    static func text(_ path: String) throws -> String {
        try Files.text("\(root)/\(path)")
    }

    private static func cells(_ line: Substring) -> Row {
        line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast().map { cell in
            var text = cell.drop { $0 == " " }
            while text.last == " " { text.removeLast() }
            return String(text)
        }
    }
}
