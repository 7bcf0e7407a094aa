/// A text in ASCII, for terminals and files whose locale has no UTF-8.
///
/// - Parameter text: The text.
/// - Returns: The text with what this program draws as similar characters, and all else escaped.
func asciiText(_ text: String) -> String {
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
