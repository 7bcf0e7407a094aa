/// Nodes as JSON.
extension Node {
    /// Writes the value as JSON without white space, keys in the order of the file.
    ///
    /// Numbers are written with the digits that they have: none goes through a floating-point value.
    public func json() -> [UInt8] {
        var writer = JSONWriter()
        writer.write(self)
        return writer.output
    }

    /// Writes the value as JSON for people: keys sorted, two spaces a level.
    public func prettyJSON() -> [UInt8] {
        var writer = JSONWriter(isPretty: true)
        writer.write(self)
        return writer.output
    }
}

/// A growing JSON text.
private struct JSONWriter {
    private(set) var output: [UInt8] = []
    private let isPretty: Bool
    private var level = 0

    init(isPretty: Bool = false) {
        self.isPretty = isPretty
    }

    mutating func write(_ node: Node) {
        switch node.content {
        case .null: output += "null".utf8
        case .boolean(let value): output += (value ? "true" : "false").utf8
        case .number(let number): output += number.json.utf8
        case .string(let string): write(string)
        case .sequence(let items): write(items)
        case .mapping(let mapping): write(mapping)
        }
    }

    private mutating func write(_ items: [Node]) {
        output.append(UInt8(ascii: "["))
        level += 1
        for (index, item) in items.enumerated() {
            separate(index)
            write(item)
        }
        close(with: "]", isEmpty: items.isEmpty)
    }

    private mutating func write(_ mapping: Mapping) {
        output.append(UInt8(ascii: "{"))
        level += 1
        let entries = isPretty ? mapping.entries.sorted { $0.key < $1.key } : mapping.entries
        for (index, entry) in entries.enumerated() {
            separate(index)
            write(entry.key)
            output.append(UInt8(ascii: ":"))
            if isPretty { output.append(UInt8(ascii: " ")) }
            write(entry.value)
        }
        close(with: "}", isEmpty: entries.isEmpty)
    }

    private mutating func separate(_ index: Int) {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        startLine()
    }

    private mutating func close(with bracket: Unicode.Scalar, isEmpty: Bool) {
        level -= 1
        if !isEmpty { startLine() }
        output.append(UInt8(ascii: bracket))
    }

    private mutating func startLine() {
        guard isPretty else { return }
        output.append(UInt8(ascii: "\n"))
        output += repeatElement(UInt8(ascii: " "), count: 2 * level)
    }

    private mutating func write(_ string: String) {
        output.append(UInt8(ascii: "\""))
        if string.utf8.allSatisfy({ $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
            output += string.utf8
        } else {
            for byte in string.utf8 { writeEscaped(byte) }
        }
        output.append(UInt8(ascii: "\""))
    }

    private mutating func writeEscaped(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): output += #"\""#.utf8
        case UInt8(ascii: "\\"): output += #"\\"#.utf8
        case UInt8(ascii: "\n"): output += #"\n"#.utf8
        case UInt8(ascii: "\r"): output += #"\r"#.utf8
        case UInt8(ascii: "\t"): output += #"\t"#.utf8
        case ..<0x10: output += #"\u000\#(String(byte, radix: 16))"#.utf8
        case ..<0x20: output += #"\u00\#(String(byte, radix: 16))"#.utf8
        default: output.append(byte)
        }
    }
}
