/// A text in ASCII, for terminals and files whose locale has no UTF-8.
///
/// - Parameter text: The text.
/// - Returns: The text with what this program draws as similar characters, and all else escaped.
public func asciiText(_ text: String) -> String {
    guard !text.utf8.allSatisfy({ $0 < 0x80 }) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
        if scalar.isASCII {
            result.unicodeScalars.append(scalar)
        } else {
            result += similar[scalar] ?? "\\u{\(String(scalar.value, radix: 16))}"
        }
    }
    return result
}

/// The characters that this program draws, with similar ones.
private let similar: [Unicode.Scalar: String] = ["…": "...", "├": "|", "└": "`", "│": "|", "─": "-"]

/// Formats a text as a table has it: without control characters, and where the terminal is not UTF-8, in ASCII.
///
/// - Parameters:
///   - text: The text.
///   - isUTF8: Whether it may have characters that are not ASCII.
/// - Returns: What is printed, whose columns can be counted.
public func tableText(_ text: String, _ isUTF8: Bool) -> String {
    isUTF8 ? printable(text) : asciiText(printable(text))
}

extension UInt8 {
    public var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
    public var isLetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) }

    /// Whether this is `+` or `-`.
    public var isSign: Bool { self == UInt8(ascii: "+") || self == UInt8(ascii: "-") }
}

/// Returns whether a text is a whole number, perhaps with a sign.
///
/// - Parameter text: The text.
/// - Returns: Whether it has a digit at least, and nothing else but a sign before the first one.
public func isNumber(_ text: some StringProtocol) -> Bool {
    let digits = text.utf8.first?.isSign == true ? text.utf8.dropFirst() : text.utf8[...]
    return !digits.isEmpty && digits.allSatisfy(\.isDigit)
}
