/// Nodes as YAML for people.
extension Node {
    /// Formats the value as lines of YAML, with texts of several lines as blocks.
    ///
    /// The form is that of kubectl: items of a list are not indented below their key.
    ///
    /// - Parameter isSorted: Whether keys are in alphabetical order, rather than in their own.
    /// - Returns: The lines without their ends.
    public func yamlLines(isSorted: Bool = true) -> [String] {
        switch content {
        case .mapping(let mapping) where !mapping.entries.isEmpty:
            (isSorted ? mapping.entries.sorted { $0.key < $1.key } : mapping.entries).flatMap { entry in
                Self.lines(of: entry, isSorted)
            }
        case .sequence(let items) where !items.isEmpty:
            items.flatMap { Self.lines(ofItem: $0, isSorted) }
        default: scalarLines
        }
    }

    private var isCollection: Bool {
        switch content {
        case .mapping(let mapping): !mapping.entries.isEmpty
        case .sequence(let items): !items.isEmpty
        case .null, .boolean, .number, .string: false
        }
    }

    private static func lines(of entry: Mapping.Entry, _ isSorted: Bool) -> [String] {
        let key = plainOrQuoted(entry.key)
        let lines = entry.value.yamlLines(isSorted: isSorted)
        if entry.value.isCollection {
            return ["\(key):"] + (entry.value.sequence == nil ? lines.map(indented) : lines)
        }
        return ["\(key): \(lines[0])"] + lines.dropFirst().map(indented)
    }

    private static func lines(ofItem item: Node, _ isSorted: Bool) -> [String] {
        let lines = item.yamlLines(isSorted: isSorted)
        return ["- \(lines[0])"] + lines.dropFirst().map(indented)
    }

    /// An empty line of a block stays empty.
    private static func indented(_ line: String) -> String { line.isEmpty ? "" : "  \(line)" }

    /// The value of a scalar or of an empty collection; a block is its header and its lines.
    private var scalarLines: [String] {
        switch content {
        case .null: ["null"]
        case .boolean(let value): [value ? "true" : "false"]
        case .number(let number): [number.json]
        case .sequence: ["[]"]
        case .mapping: ["{}"]
        case .string(let text): Self.block(text) ?? [Self.plainOrQuoted(text)]
        }
    }

    /// A text of several lines as a block scalar, `nil` if it has only one or cannot be a block.
    private static func block(_ text: String) -> [String]? {
        guard text.utf8.dropLast().contains(UInt8(ascii: "\n")), text.first != " ", text.first != "\n",
            text.unicodeScalars.allSatisfy({ $0 == "\n" || $0 == "\t" || ($0.value >= 0x20 && $0.value != 0x7f) })
        else { return nil }
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard text.hasSuffix("\n") else { return ["|-"] + lines }
        lines.removeLast()
        return [lines.last == "" ? "|+" : "|"] + lines
    }

    private static func plainOrQuoted(_ text: String) -> String {
        isPlain(text) ? text : String(decoding: Node.string(text).json(), as: UTF8.self)
    }

    /// Words that are not strings without quotes.
    private static let reserved: Set<String> = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]

    /// Whether a text without quotes is certainly the same string; what looks like a number is quoted.
    private static func isPlain(_ text: String) -> Bool {
        guard let first = text.first, first.isASCII, !reserved.contains(text.lowercased()) else { return false }
        let isAddress = first.isNumber && text.contains("/")
        guard first.isLetter || first == "_" || first == "/" || isAddress, text.last != " ", text.last != ":" else {
            return false
        }
        return text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value < 0x7f } && !text.contains(": ")
            && !text.contains(" #")
    }
}
