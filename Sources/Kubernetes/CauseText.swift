/// What validation says about a field, without the value in Go's syntax that it repeats.
///
/// The server writes `Invalid value: "x": must be no more than 63 characters`, the value often being a whole
/// `core.PodTemplateSpec{...}`.
struct CauseText {
    private let message: String

    init(_ message: String) {
        self.message = message
    }

    /// The explanation on one line.
    var detail: String {
        String(withoutHead ?? message[...]).onOneLine
    }

    /// The names in single quotes or backticks, such as the fields that may change when others may not.
    var quotedNames: [String] {
        ["'", "`"].flatMap { quote in
            message.split(separator: quote, omittingEmptySubsequences: false)
                .enumerated()
                .filter { !$0.offset.isMultiple(of: 2) }
                .map { String($0.element.prefix { $0 != "[" }) }
        }
    }

    /// The heads with which validation begins, and whether a value follows.
    private static let heads = [
        "Invalid value": true, "Unsupported value": true, "Duplicate value": true, "Not found": true,
        "Required value": false, "Forbidden": false, "Too long": false, "Too many": false, "Internal error": false,
    ]

    private var withoutHead: Substring? {
        guard let head = Self.heads.first(where: { message.hasPrefix($0.key) }) else { return nil }
        let rest = message.dropFirst(head.key.count)
        guard rest.hasPrefix(": ") else { return rest.isEmpty ? (head.value ? nil : "") : nil }
        let explanation = rest.dropFirst(2)
        guard head.value else { return explanation }
        // A duplicate, or what was not found, is told by its value alone.
        return Self.afterGoValue(explanation) ?? message[...]
    }

    /// Skips a value in Go's syntax and the colon behind it.
    private static func afterGoValue(_ text: Substring) -> Substring? {
        var quotes = QuoteScanner()
        var depth = 0
        for index in text.indices where !quotes.isInside(text[index]) {
            switch text[index] {
            case "{", "(", "[": depth += 1
            case "}", ")", "]": depth -= 1
            case ":" where depth == 0 && text[index...].hasPrefix(": "): return text[index...].dropFirst(2)
            default: break
            }
        }
        return nil
    }
}

extension String {
    /// The text with its lines joined.
    var onOneLine: String {
        split(whereSeparator: \.isNewline)
            .map { $0.trimmingPrefix { $0 == " " || $0 == "\t" } }
            .joined(separator: " ")
    }
}
