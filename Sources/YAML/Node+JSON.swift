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
        var string = string
        string.withUTF8 { unsafe writeEscaped($0) }
        output.append(UInt8(ascii: "\""))
    }

    /// Writes the UTF-8 bytes of a text, those that need no escape as they are.
    private mutating func writeEscaped(_ bytes: UnsafeBufferPointer<UInt8>) {
        var start = 0
        var index = 0
        while index < bytes.count {
            guard let escape = unsafe Escape(bytes, at: index) else {
                index += 1
                continue
            }
            unsafe output.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[start..<index]))
            output += escape.text.utf8
            index += escape.length
            start = index
        }
        unsafe output.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[start...]))
    }
}

/// A character that is escaped where JSON or YAML gives it a meaning.
///
/// An API server reads the body of an apply as YAML, in which U+0085, U+2028 and U+2029 break lines, and the other controls
/// and the byte order mark are refused.
private struct Escape {
    /// What is written.
    let text: String
    /// How many bytes the character has.
    let length: Int

    /// Finds the escape of the character that begins at an index, `nil` if it needs none.
    init?(_ bytes: UnsafeBufferPointer<UInt8>, at index: Int) {
        func continuation(_ offset: Int) -> UInt8 { unsafe bytes[index + offset] }
        // A text is valid UTF-8, so the bytes of a character are all there.
        switch unsafe bytes[index] {
        case UInt8(ascii: "\""): (text, length) = (#"\""#, 1)
        case UInt8(ascii: "\\"): (text, length) = (#"\\"#, 1)
        case UInt8(ascii: "\n"): (text, length) = (#"\n"#, 1)
        case UInt8(ascii: "\r"): (text, length) = (#"\r"#, 1)
        case UInt8(ascii: "\t"): (text, length) = (#"\t"#, 1)
        case let byte where byte < 0x20 || byte == 0x7f: (text, length) = (Self.text(UInt32(byte)), 1)
        case 0xc2 where continuation(1) < 0xa0: (text, length) = (Self.text(UInt32(continuation(1))), 2)
        case 0xe2 where continuation(1) == 0x80 && (0xa8...0xa9).contains(continuation(2)):
            (text, length) = (Self.text(0x2028 + UInt32(continuation(2) - 0xa8)), 3)
        case 0xef where continuation(1) == 0xbb && continuation(2) == 0xbf: (text, length) = (Self.text(0xfeff), 3)
        case 0xef where continuation(1) == 0xbf && continuation(2) >= 0xbe:
            (text, length) = (Self.text(0xff00 + UInt32(continuation(2)) + 0x40), 3)
        default: return nil
        }
    }

    private static func text(_ scalar: UInt32) -> String {
        let digits = String(scalar, radix: 16)
        return "\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)"
    }
}
