/// The fields that `docs/json.md` describes.
public struct DocumentedFields: Sendable {
    /// The paths of the fields in a section's table, such as `tasks.unit.load`.
    public let paths: [String]

    /// The names of the fields of every event, those that all events have excluded.
    public let events: [String: [String]]

    public init(_ section: String) throws {
        let sections = try Files.text("\(TestCluster.sourceRoot)/docs/json.md").split(separator: "\n## ")
        func names(_ cell: Substring) -> [String] {
            cell.matches(of: /`([^`]+)`/).map { String($0.output.1) }
        }
        func rows(_ section: String, columns: Int) -> [[Substring]] {
            let text = sections.first { $0.hasPrefix("\(section)\n") } ?? ""
            let lines = text.split(separator: "\n").filter { $0.hasPrefix("| `") || $0.hasPrefix("| |") }
            return lines.map { $0.split(separator: "|") }.filter { $0.count == columns }
        }
        // A link to a section with a capital letter stands for its fields.
        func fields(_ section: String) -> [String] {
            rows(section, columns: 2).flatMap { row in
                let own = names(row[0])
                guard let link = row[1].firstMatch(of: /\(#([a-z]+)\)/)?.output.1 else { return own }
                let prefix = own.first.map { "\($0)." } ?? ""
                return own + fields(link.prefix(1).uppercased() + link.dropFirst()).map { prefix + $0 }
            }
        }
        // The table of events has three columns, that of fields two.
        events = Dictionary(rows(section, columns: 3).map { (names($0[0])[0], names($0[1])) }, uniquingKeysWith: +)
        paths = ["version"] + fields(section)
    }
}
