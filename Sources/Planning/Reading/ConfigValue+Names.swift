import Base
import YAML

/// Names and numbers defined by other systems.
extension ConfigValue {
    /// Reads a DNS label, such as the name of a namespace.
    func label(_ what: String) -> String? {
        guard let text = string(expected: what) else { return nil }
        guard isTaskName(text) else {
            return mismatch(
                "\(what) of lower-case letters, digits and dashes",
                hint: suggestedTaskName(text).map { write($0) }
            )
        }
        return text
    }

    /// Reads a part of the identity of an object.
    ///
    /// A string that is not valid could change the path of the API request.
    func objectText(_ expected: String, _ isValid: (String) -> Bool) -> String? {
        guard let text = string(expected: expected) else { return nil }
        guard isValid(text) else { return mismatch(expected) }
        return text
    }

    /// Reads a user or a group, by name or by number.
    func account() -> String? {
        let expected = "a name, or a number up to \(ValueType.largestAccount)"
        let isNumber = if case .number = node.content { true } else { false }
        // A number in quotes means the same user or group as the number without quotes.
        let number = node.integer.map { String($0) }
        guard let text = isNumber ? number : string(expected: expected) else {
            if isNumber { reportTypeMismatch(expected) }
            return nil
        }
        let isName = text.utf8.allSatisfy { $0.isLetter || $0.isDigit || "_-.$@".utf8.contains($0) }
        let isTooLarge = text.utf8.allSatisfy(\.isDigit) && Int(text).map { $0 > ValueType.largestAccount } != false
        guard isName, !text.hasPrefix("-"), !isTooLarge else { return mismatch(expected) }
        return text
    }

    /// Reads a whole number, zero or more.
    func count() -> Int? {
        guard let count = node.integer, count >= 0 else { return mismatch("a whole number, 0 or more") }
        return count
    }

    /// Reads a SHA-256 digest in lower-case hexadecimal.
    func digest() -> String? {
        // YAML reads a digest of 64 decimal digits as a number.
        let text: String? = if case .number(let number) = node.content { number.text } else { node.string }
        guard let text, text.utf8.count == 64, text.utf8.allSatisfy({ $0.isDigit || (0x61...0x66).contains($0 | 0x20) })
        else {
            return mismatch(
                "a SHA-256 digest, 64 characters of 0-9 and a-f",
                hint: write("DIGEST as sha256sum prints it", asIs: true)
            )
        }
        guard text == text.lowercased() else {
            return mismatch("a SHA-256 digest in lower case", hint: write(text.lowercased()))
        }
        return text
    }

    /// Reads a host with a port.
    func endpoint() -> Endpoint? {
        let expected = "HOST:PORT"
        if let port = node.integer, (1...65535).contains(port) {
            return mismatch(expected, hint: write("127.0.0.1:\(port)"))
        }
        guard let text = string(expected: expected) else { return nil }
        do {
            return try Endpoint(text)
        } catch {
            report(
                "must be \(expected), and \(quoted(text)) \(error.message)",
                hint: (bracketed(text, error) ?? (try? WebAddress(text))?.endpoint.description).map { write($0) }
            )
            return nil
        }
    }

    /// Reads a range of addresses in CIDR notation, or a single IP address.
    func addressRange() -> AddressRange? {
        let expected = "an IP address, or a range of them such as 100.64.0.0/10"
        guard let text = string(expected: expected) else { return nil }
        guard let range = AddressRange(text) else { return mismatch(expected) }
        let address = String(text.prefix { $0 != "/" })
        guard IPAddress(address) == range.first else {
            // The author may have meant either the range or the single address.
            let hint = "\(write("\(range)")), or \(write(address).dropFirst("write ".count)) for this address only"
            report("is not the first address of its range", hint: hint)
            return nil
        }
        return range
    }

    /// Reads the name of a network interface, optionally with `*`.
    func interface() -> String? {
        let expected = "the name of a network interface, 15 characters at most, none of them a space or '/'"
        guard let text = string(expected: expected) else { return nil }
        // The kernel's limit, IFNAMSIZ, and the names that dev_valid_name() refuses. `*` may match zero characters.
        let isName = text.utf8.allSatisfy { $0 > 32 && $0 < 127 && !"/:".utf8.contains($0) }
        guard isName, text != ".", text != "..", text.utf8.count(where: { $0 != UInt8(ascii: "*") }) <= 15 else {
            return mismatch(expected)
        }
        return text
    }

    /// Reads the path of a script, with a hint if the value is the script itself.
    func scriptPath() -> LocatedPath? {
        if let text = node.string, text.contains("\n") {
            report(
                "must be the path of a script, found the script itself",
                hint: "write command: /bin/sh and args: [-ec, TEXT]"
            )
            return nil
        }
        return readPath()
    }

    /// Reads the value of a label: up to 63 characters, possibly empty.
    func labelValue() -> String? {
        guard let text = text(mayBeEmpty: true) else { return nil }
        guard isLabelText(text) else { return mismatch("a label's value, up to 63 letters, digits, '-', '_' and '.'") }
        return text
    }
}

/// Returns whether a string can be the key of a label: up to 63 characters, optionally after a DNS name and a slash.
@Sendable func isLabelKey(_ key: String) -> Bool {
    let parts = key.split(separator: "/", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), let name = parts.last, !name.isEmpty, isLabelText(String(name)) else {
        return false
    }
    return parts.count == 1 || isNodeName(String(parts[0]))
}

/// Returns whether a key can be the name of an environment variable.
@Sendable func isEnvironmentName(_ key: String) -> Bool {
    guard let first = key.utf8.first, !first.isDigit else { return false }
    return key.utf8.allSatisfy { $0.isLetter || $0.isDigit || $0 == UInt8(ascii: "_") }
}

private func isLabelText(_ text: String) -> Bool {
    guard let first = text.utf8.first, let last = text.utf8.last else { return true }
    return text.utf8.count <= 63 && text.utf8.allSatisfy(isLabelByte) && (first.isLetter || first.isDigit)
        && (last.isLetter || last.isDigit)
}

private func isLabelByte(_ byte: UInt8) -> Bool {
    byte.isLetter || byte.isDigit || "-_.".utf8.contains(byte)
}

/// Returns a piece of a file in single quotes, on one line and shortened if it is long.
func quoted(_ text: some StringProtocol) -> String {
    // Most texts have nothing to escape.
    if text.utf8.count <= Limit.quotedLength, text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) { return "'\(text)'" }
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

/// Joins words as in a sentence: `a, b and c`.
func list(_ words: [String], _ conjunction: String = "and") -> String {
    guard let last = words.last, words.count > 1 else { return words.first ?? "" }
    return "\(words.dropLast().joined(separator: ", ")) \(conjunction) \(last)"
}

/// Joins the first alternatives with the number of remaining alternatives: `a, b or 3 more`.
func few(_ words: [String], limit: Int = 12) -> String {
    guard words.count > limit else { return list(words, "or") }
    return list(words.prefix(limit) + ["\(words.count - limit) more"], "or")
}

/// Describes a value that has the wrong type, for a message.
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

/// Returns a string as an author would write it in a task file on one line, in quotes only if YAML needs them.
func typed(_ text: String) -> String {
    let needsQuotes =
        text.isEmpty || text.contains(": ") || text.contains(" #") || text.hasSuffix(":") || text.hasSuffix(" ")
        || text.unicodeScalars.contains { ",[]{}\"\\".unicodeScalars.contains($0) || $0.value < 32 }
        || "-?:#&*!|>'%@` ".unicodeScalars.contains(text.unicodeScalars[text.unicodeScalars.startIndex])
    return needsQuotes ? "\"" + quoted(text).dropFirst().dropLast() + "\"" : text
}
