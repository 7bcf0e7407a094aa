import Base

/// A character at the beginning of a text that a word processor or a web page has put in the place of one that YAML knows.
///
/// YAML takes it as a part of the text, so a path would begin with it.
struct TypographicMark {
    private let text: String
    private let name: String
    private let corrected: String
    /// Whether such quotation marks are at both ends of the text, and no others in it.
    let isPair: Bool

    /// Finds the character at the beginning of a text, or returns `nil` if there is none.
    init?(of text: String) {
        guard let first = text.unicodeScalars.first else { return nil }
        let quoteCount = text.unicodeScalars.count(where: Self.quotes.contains)
        self.text = text
        isPair = quoteCount == 2 && text.unicodeScalars.last.map(Self.quotes.contains) == true
        if Self.quotes.contains(first) {
            // A sentence may begin with a quoted word.
            guard isPair || quoteCount == 1 && !text.contains(" ") else { return nil }
            name = "a typographic quotation mark"
            var inner = text.unicodeScalars.dropFirst()
            if inner.last.map(Self.quotes.contains) == true { inner.removeLast() }
            let plain = String(String.UnicodeScalarView(inner))
            corrected =
                plain.contains { $0 == "\"" || $0 == "\\" }
                ? "'\(plain.replacing("'", with: "''"))'" : "\"\(plain)\""
        } else if Self.spaces.contains(first) {
            name = "a space that does not separate words in YAML (U+\(String(first.value, radix: 16, uppercase: true)))"
            corrected = String(String.UnicodeScalarView(text.unicodeScalars.drop { Self.spaces.contains($0) }))
        } else if Self.dashes.contains(first), text.unicodeScalars.dropFirst().first.map(Self.mayFollow) ?? true {
            name = "a dash that is not '-'"
            corrected = "-" + String(text.dropFirst())
        } else {
            return nil
        }
    }

    private static func mayFollow(_ next: Unicode.Scalar) -> Bool {
        next == " " || next == "-" || next.properties.isAlphabetic
    }

    private static let quotes: Set<Unicode.Scalar> = ["“", "”", "„", "‟", "«", "»", "‘", "’", "‚", "‛"]
    private static let spaces: Set<Unicode.Scalar> = [
        "\u{A0}", "\u{2007}", "\u{202F}", "\u{3000}", "\u{FEFF}", "\u{200B}",
    ]
    private static let dashes: Set<Unicode.Scalar> = [
        "\u{2010}", "\u{2011}", "\u{2012}", "\u{2013}", "\u{2014}", "\u{2212}",
    ]

    /// Returns the problem of the value of a key.
    ///
    /// - Parameters:
    ///   - label: The key and its task, such as `'file.path' of task 'a'`.
    ///   - location: The place of the text.
    /// - Returns: The problem, with the correction.
    func problem(_ label: String, at location: SourceLocation) -> Problem {
        Problem(
            "\(label) begins with \(name), which would be a part of the text",
            at: location,
            hint: "write \(corrected)"
        )
    }
}
