/// A fault of an object as the server names it when the object does not fit its kind's schema.
struct NamedFault {
    /// The field.
    var path: FieldPath
    /// What is wrong with it.
    var message: String

    /// How a message about items with the same keys begins.
    static let repetition = "duplicate entries for key"

    /// Whether two items of a list have the same keys.
    var isRepetition: Bool { message.hasPrefix(Self.repetition) }

    /// Whether the kind has no such field.
    var isUnknownField: Bool { message.hasPrefix("field not declared in schema") }

    /// The key that an item of an associative list leaves out and that the server has no default for.
    var omittedKey: String? {
        guard let range = message.firstRange(of: "omits key field \"") else { return nil }
        return String(message[range.upperBound...].prefix { $0 != "\"" })
    }

    /// Finds the faults in a refusal's message.
    ///
    /// Server-side apply names them `.spec.foo: field not declared in schema`, one a line behind the introduction; strict
    /// decoding names them `unknown field "spec.foo", unknown field "spec.bar"`.
    static func all(in message: String) -> [NamedFault] {
        let lines = message.split(whereSeparator: \.isNewline).compactMap(inLine)
        return lines.isEmpty ? strict(in: message) : lines
    }

    private static func inLine(_ line: Substring) -> NamedFault? {
        let start = line.hasPrefix(".") ? line.startIndex : line.firstRange(of: " .")?.upperBound
        guard let start else { return nil }
        let text = line[start...]
        var quotes = QuoteScanner()
        let end = text.indices.first { !quotes.isInside(text[$0]) && text[$0...].hasPrefix(": ") }
        guard let end else { return nil }
        return NamedFault(path: FieldPath(String(text[..<end])), message: tidied(text[end...].dropFirst(2)))
    }

    /// A message without the value in Go's syntax that old servers repeat: it may be secret.
    private static func tidied(_ message: Substring) -> String {
        let end = message.firstRange(of: ", got &")?.lowerBound ?? message.endIndex
        return String(message[..<end])
    }

    private static func strict(in message: String) -> [NamedFault] {
        let phrase = "unknown field \""
        return message.ranges(of: phrase).compactMap { range in
            let path = message[range.upperBound...].prefix { $0 != "\"" }
            return NamedFault(path: FieldPath(String(path)), message: "field not declared in schema")
        }
    }
}
