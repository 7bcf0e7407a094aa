/// The explanation of a validation error, without the server's copy of the value in Go syntax.
///
/// The server writes `Invalid value: "x": must be no more than 63 characters`. The value is often a whole
/// `core.PodTemplateSpec{...}`.
struct CauseText {
    private let message: String

    init(_ message: String) {
        self.message = message
    }

    /// The explanation on one line.
    var detail: String {
        if let match = message.wholeMatch(
            of: /(?s)(?:Required value|Forbidden|Too long|Too many|Internal error)(?:: (.*))?/
        ) {
            return String(match.1 ?? "").onOneLine
        }
        // A duplicate or missing value has no explanation; a rule of a custom resource has only an explanation.
        let pattern = /(?s)(Invalid value|Unsupported value|Duplicate value|Not found): (.*)/
        guard let match = message.wholeMatch(of: pattern) else { return message.onOneLine }
        if let rest = Self.afterGoValue(match.2) { return String(rest).onOneLine }
        return match.1 == "Invalid value" ? String(match.2).onOneLine : message.onOneLine
    }

    /// The value that the message shows, without quotes; `nil` if there is none or it is a whole structure.
    var value: String? {
        guard let match = message.wholeMatch(of: /(?s)(?:Invalid|Unsupported|Duplicate) value: (.*)/) else {
            return nil
        }
        if let quoted = match.1.prefixMatch(of: /"((?:[^"\\]|\\.)*)"/) {
            return String(quoted.1).replacing("\\\"", with: "\"")
        }
        return match.1.prefixMatch(of: #/(-?[0-9.]+|true|false): /#).map { String($0.1) }
    }

    /// The names in single quotes or backticks, such as the fields that may change when others may not.
    var quotedNames: [String] {
        message.matches(of: /'([^'\[]*)[^']*'|`([^`\[]*)[^`]*`/).map { String($0.1 ?? $0.2 ?? "") }
    }

    /// Skips a value in Go's syntax, whose brackets may be nested, and the colon after it.
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
