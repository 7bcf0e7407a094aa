import TLS

/// A text of lines with fields between tabs, which begins with a digest of the rest, so that a damaged one is recognised.
enum DigestedLines {
    /// Returns a text.
    ///
    /// - Parameters:
    ///   - kind: The name and the version of the format.
    ///   - lines: The lines with their fields, which contain neither tabs nor line ends.
    /// - Returns: The text.
    static func text(_ kind: String, _ lines: [[String]]) -> [UInt8] {
        var rest: [UInt8] = []
        for line in lines {
            for (index, field) in line.enumerated() {
                if index > 0 { rest.append(UInt8(ascii: "\t")) }
                rest += field.utf8
            }
            rest.append(UInt8(ascii: "\n"))
        }
        return Array("\(kind) \(sha256(rest))\n".utf8) + rest
    }

    /// Reads a text.
    ///
    /// - Parameters:
    ///   - text: The text.
    ///   - kind: The name and the version of the format.
    ///   - receive: Receives the fields of each line.
    /// - Returns: `false` if the text has another format, or is damaged; nothing was received.
    static func read(_ text: [UInt8], _ kind: String, _ receive: ([String]) -> Void) -> Bool {
        let prefix = Array("\(kind) ".utf8)
        guard text.starts(with: prefix), let end = text.firstIndex(of: UInt8(ascii: "\n")) else { return false }
        let rest = text[(end + 1)...]
        guard text[prefix.count..<end].elementsEqual(sha256(Array(rest)).utf8) else { return false }
        var fields: [String] = []
        var start = rest.startIndex
        for index in rest.indices where rest[index] <= UInt8(ascii: "\n") {
            guard rest[index] == UInt8(ascii: "\t") || rest[index] == UInt8(ascii: "\n") else { continue }
            fields.append(String(decoding: rest[start..<index], as: UTF8.self))
            start = index + 1
            guard rest[index] == UInt8(ascii: "\n") else { continue }
            receive(fields)
            fields.removeAll(keepingCapacity: true)
        }
        return true
    }

    /// Returns whether a text can be a field.
    static func isField(_ text: String) -> Bool { !text.utf8.contains { $0 == 0x09 || $0 == 0x0A } }
}
