/// Nodes as JSON.
extension Node {
    /// Writes the value as JSON without white space, keys in the order of the file.
    ///
    /// Numbers keep their digits: none is converted to floating point.
    public func json() -> [UInt8] {
        var writer = JSONWriter()
        writer.write(self)
        return writer.output
    }
}

/// A growing JSON text.
private struct JSONWriter {
    private(set) var output: [UInt8] = []

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
        for (index, item) in items.enumerated() {
            separate(index)
            write(item)
        }
        output.append(UInt8(ascii: "]"))
    }

    private mutating func write(_ mapping: Mapping) {
        output.append(UInt8(ascii: "{"))
        for (index, entry) in mapping.entries.enumerated() {
            separate(index)
            write(entry.key)
            output.append(UInt8(ascii: ":"))
            write(entry.value)
        }
        output.append(UInt8(ascii: "}"))
    }

    private mutating func separate(_ index: Int) {
        if index > 0 { output.append(UInt8(ascii: ",")) }
    }

    private mutating func write(_ string: String) {
        output.append(UInt8(ascii: "\""))
        if string.utf8.allSatisfy(Self.isPlain) {
            output += string.utf8
        } else {
            for scalar in string.unicodeScalars { writeEscaped(scalar) }
        }
        output.append(UInt8(ascii: "\""))
    }

    /// Whether a byte belongs to no character that is escaped.
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case ..<0x20, UInt8(ascii: "\""), UInt8(ascii: "\\"), 0x7f, 0xc2, 0xe2, 0xef: false
        default: true
        }
    }

    /// Writes a character, escaped where JSON or YAML gives it a meaning.
    ///
    /// An API server reads the body of an apply as YAML, in which U+0085, U+2028 and U+2029 break lines, and the other
    /// controls and the byte order mark are refused.
    private mutating func writeEscaped(_ scalar: Unicode.Scalar) {
        switch scalar {
        case "\"": output += #"\""#.utf8
        case "\\": output += #"\\"#.utf8
        case "\n": output += #"\n"#.utf8
        case "\r": output += #"\r"#.utf8
        case "\t": output += #"\t"#.utf8
        case ..<" ", "\u{7f}"..."\u{9f}", "\u{2028}", "\u{2029}", "\u{feff}", "\u{fffe}", "\u{ffff}":
            let digits = String(scalar.value, radix: 16)
            output += "\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)".utf8
        default: output += String(scalar).utf8
        }
    }
}
