/// Formats a text from a server, a child process or a file as one line without control characters.
///
/// Colours and trailing white space are removed. Other characters that have an `escape` are replaced by it, so that no
/// text can look like a line of this program. The line is cut off after 8,192 characters.
public func printable(_ text: String) -> String {
    let isHarmless = text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7f }
    if isHarmless, text.utf8.last != 0x20, text.utf8.count <= printableLimit { return text }
    var line = ""
    var count = 0
    var rest = withoutTrailingSpace(text.unicodeScalars[...])
    while let scalar = rest.popFirst() {
        if count == printableLimit { return line + "… (cut off)" }
        if scalar == "\u{1b}", let length = colourLength(rest) {
            rest = rest.dropFirst(length)
            continue
        }
        if let escape = scalar.escape { line += escape } else { line.unicodeScalars.append(scalar) }
        count += 1
    }
    return line
}

private let printableLimit = 8192

private func withoutTrailingSpace(_ text: Substring.UnicodeScalarView) -> Substring.UnicodeScalarView {
    var text = text
    while text.last?.properties.isWhitespace == true { text.removeLast() }
    return text
}

/// Returns the length of a colour sequence without its escape character, or `nil` for other sequences.
private func colourLength(_ rest: Substring.UnicodeScalarView) -> Int? {
    guard rest.first == "[" else { return nil }
    let parameters = rest.dropFirst().prefix(32).prefix { ("0"..."9").contains($0) || $0 == ";" || $0 == ":" }
    guard rest.dropFirst(1 + parameters.count).first == "m" else { return nil }
    return parameters.count + 2
}

extension Unicode.Scalar {
    /// The text that is shown instead of the character, or `nil` if the character is shown unchanged.
    ///
    /// Replaced characters are invisible, look like a space, end a line, move the cursor or change the writing
    /// direction.
    public var escape: String? {
        switch self {
        case " "..."~": return nil
        case "\n": return "\\n"
        case "\r": return "\\r"
        case "\t": return "    "
        default: break
        }
        let digits = String(value, radix: 16)
        switch value {
        case 0x00..<0x20, 0x7f...0x9f: return "\\x" + (value < 0x10 ? "0" : "") + digits
        // Separators, no-break spaces, direction controls, and characters without a visible form.
        case 0xa0, 0xad, 0x061c, 0x180e, 0x2007, 0x200b...0x200f, 0x2028...0x202f, 0x2060...0x206f, 0xfeff,
            0xfff9...0xfffb, 0xfffe...0xffff, 0xe0000...0xe007f:
            return "\\u{\(digits)}"
        default: return nil
        }
    }
}
