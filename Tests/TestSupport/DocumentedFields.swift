/// The fields that `docs/json.md` describes.
public struct DocumentedFields: Sendable {
    /// The paths of the fields in a section's table, such as `tasks.unit.load`.
    public let paths: [String]

    /// The names of the fields of every event, those that all events have excluded.
    public let events: [String: [String]]

    /// Reads a section.
    ///
    /// - Parameter section: The heading.
    /// - Throws: ``SupportError`` if the document cannot be read.
    public init(_ section: String) throws {
        let sections = try Files.text("\(TestCluster.sourceRoot)/docs/json.md").split(separator: "\n## ")
        let text = sections.first { $0.hasPrefix("\(section)\n") } ?? ""
        let rows = text.split(separator: "\n").filter { $0.hasPrefix("| `") }.map { $0.split(separator: "|") }
        func names(_ cell: Substring) -> [String] {
            cell.matches(of: /`([^`]+)`/).map { String($0.output.1) }
        }
        // The table of events has three columns, that of fields two.
        let eventRows = rows.filter { $0.count == 3 }
        let fieldRows = rows.filter { $0.count == 2 }
        events = Dictionary(eventRows.map { (names($0[0])[0], names($0[1])) }, uniquingKeysWith: +)
        paths = fieldRows.map { names($0[0])[0] }
    }
}
