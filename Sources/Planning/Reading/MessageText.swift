import Base

/// Returns a text in single quotes, escaped and shortened to ``Limit/quotedLength``.
func quoted(_ text: some StringProtocol) -> String {
    // Most texts have nothing to escape.
    if text.utf8.count <= Limit.quotedLength, text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) { return "'\(text)'" }
    var result = "'"
    for (index, scalar) in text.unicodeScalars.enumerated() {
        guard index < Limit.quotedLength else {
            result += "…"
            break
        }
        result += scalar == "\t" ? "\\t" : scalar.escape ?? String(scalar)
    }
    return result + "'"
}

/// Formats words as in a sentence: `a, b and c`.
func list(_ words: [String], _ conjunction: String = "and") -> String {
    guard let last = words.last, words.count > 1 else { return words.first ?? "" }
    return "\(words.dropLast().joined(separator: ", ")) \(conjunction) \(last)"
}

/// Formats the first alternatives and the number of the others: `a, b or 3 more`.
func few(_ words: [String], limit: Int = 12) -> String {
    guard words.count > limit else { return list(words, "or") }
    return list(words.prefix(limit) + ["\(words.count - limit) more"], "or")
}

func describe(_ node: Node) -> String {
    switch node.content {
    case .null: node.misleadingWord.map { "\(quoted($0)), which is nothing in YAML" } ?? "nothing"
    case .boolean(let value):
        node.misleadingWord.map { "\(quoted($0)), which is the boolean \(value) in YAML" } ?? "the boolean \(value)"
    case .number(let number): "the number \(number.text)"
    case .string(let string): string.isEmpty ? "an empty string" : quoted(string)
    case .sequence: "a list"
    case .mapping: "a mapping"
    }
}

/// Returns a string for a hint, in double quotes if it is empty or has characters with a special meaning in YAML.
func typed(_ text: String) -> String {
    let needsQuotes =
        text.isEmpty || text.contains(": ") || text.contains(" #") || text.hasSuffix(":") || text.hasSuffix(" ")
        || text.unicodeScalars.contains { ",[]{}\"\\".unicodeScalars.contains($0) || $0.value < 32 }
        || "-?:#&*!|>'%@` ".unicodeScalars.contains(text.unicodeScalars[text.unicodeScalars.startIndex])
    return needsQuotes ? "\"" + quoted(text).dropFirst().dropLast() + "\"" : text
}
