import Base
import YAML

/// A piece of a file in single ticks: on one line, not too long.
func quoted(_ text: some StringProtocol) -> String {
    var result = "'"
    for (index, scalar) in text.unicodeScalars.enumerated() {
        guard index < Limit.quotedLength else {
            result += "…"
            break
        }
        switch scalar {
        case "\t": result += "\\t"
        default: result += scalar.escape ?? String(scalar)
        }
    }
    return result + "'"
}

/// Words as a sentence lists them: `a, b and c`.
func list(_ words: [String], _ conjunction: String = "and") -> String {
    guard let last = words.last, words.count > 1 else { return words.first ?? "" }
    return "\(words.dropLast().joined(separator: ", ")) \(conjunction) \(last)"
}

/// The first few of many alternatives, in order.
func few(_ words: [String], limit: Int = 12) -> String {
    guard words.count > limit else { return list(words, "or") }
    return list(words.prefix(limit) + ["\(words.count - limit) more"], "or")
}

/// The value that a file has where another was expected.
func describe(_ node: Node) -> String {
    switch node.content {
    case .null: "nothing"
    case .boolean(let value): "the boolean \(value)"
    case .number(let number): "the number \(number.text)"
    case .string(let string): string.isEmpty ? "an empty string" : quoted(string)
    case .sequence: "a list"
    case .mapping: "a mapping"
    }
}

/// A string as an author would type it into a task file on one line, in quotes only where YAML needs them.
func typed(_ text: String) -> String {
    let needsQuotes =
        text.isEmpty || text.contains(": ") || text.contains(" #") || text.hasSuffix(":") || text.hasSuffix(" ")
        || text.unicodeScalars.contains { ",[]{}\"\\".unicodeScalars.contains($0) || $0.value < 32 }
        || "-?:#&*!|>'%@` ".unicodeScalars.contains(text.unicodeScalars[text.unicodeScalars.startIndex])
    return needsQuotes ? "\"" + quoted(text).dropFirst().dropLast() + "\"" : text
}
