import Base

/// Strings, numbers and words of a JSON text.
extension JSONReader {
    /// Reads a string from its first quote to its last.
    mutating func readString(at start: SourceLocation) throws(Problem) -> String {
        offset += 1
        let first = offset
        skipOrdinaryCharacters()
        if peek() == UInt8(ascii: "\"") {
            guard let string = String(validating: bytes[first..<offset], as: UTF8.self) else { throw notUTF8(start) }
            offset += 1
            return string
        }
        return try readEscapedString(Array(bytes[first..<offset]), at: start)
    }

    /// Reads the rest of a string that has an escape in it.
    private mutating func readEscapedString(_ beginning: [UInt8], at start: SourceLocation) throws(Problem) -> String {
        var characters = beginning
        while let byte = peek(), byte != UInt8(ascii: "\"") {
            guard byte == UInt8(ascii: "\\") else {
                throw problem("control character (\(shown)) in a string, where JSON requires an escape such as '\\n'")
            }
            characters += try readEscape().utf8
            let first = offset
            skipOrdinaryCharacters()
            characters += bytes[first..<offset]
        }
        guard offset < bytes.endIndex else {
            throw Problem("string is never closed: the text ends in \(endInWords)", at: start)
        }
        offset += 1
        guard let string = String(validating: characters, as: UTF8.self) else { throw notUTF8(start) }
        return string
    }

    private mutating func skipOrdinaryCharacters() {
        while let byte = peek(), byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") { offset += 1 }
    }

    private func notUTF8(_ start: SourceLocation) -> Problem {
        Problem("string is not UTF-8", at: start)
    }

    private mutating func readEscape() throws(Problem) -> String {
        guard offset + 1 < bytes.endIndex else { throw problem("the text ends within an escape") }
        let letter = bytes[offset + 1]
        if letter == UInt8(ascii: "u") { return String(try readUnicodeEscape()) }
        guard let escaped = Self.escapes[letter] else {
            throw problem("'\\\(Unicode.Scalar(letter))' is not an escape of JSON")
        }
        offset += 2
        return escaped
    }

    private static let escapes: [UInt8: String] = [
        UInt8(ascii: "\""): "\"", UInt8(ascii: "\\"): "\\", UInt8(ascii: "/"): "/", UInt8(ascii: "b"): "\u{8}",
        UInt8(ascii: "f"): "\u{C}", UInt8(ascii: "n"): "\n", UInt8(ascii: "r"): "\r", UInt8(ascii: "t"): "\t",
    ]

    /// Reads `\u00e9`, or two of them that make one character beyond U+FFFF.
    ///
    /// An unpaired surrogate becomes U+FFFD, as in Go.
    private mutating func readUnicodeEscape() throws(Problem) -> Unicode.Scalar {
        guard let unit = codeUnit(at: offset) else {
            throw problem("'\\u' requires four hexadecimal digits")
        }
        offset += 6
        if let scalar = Unicode.Scalar(unit) { return scalar }
        guard let low = codeUnit(at: offset), UTF16.isLeadSurrogate(unit), UTF16.isTrailSurrogate(low) else {
            return "\u{FFFD}"
        }
        offset += 6
        return UTF16.decode(UTF16.EncodedScalar([unit, low]))
    }

    private func codeUnit(at start: Int) -> UInt16? {
        guard start + 6 <= bytes.endIndex, bytes[start] == UInt8(ascii: "\\"), bytes[start + 1] == UInt8(ascii: "u")
        else { return nil }
        var unit: UInt16 = 0
        for byte in bytes[start + 2..<start + 6] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }

    /// Reads a number's characters and checks that they are JSON's.
    mutating func readNumber() throws(Problem) -> String {
        let first = offset
        if peek() == UInt8(ascii: "-") { offset += 1 }
        if peek() == UInt8(ascii: "0") {
            offset += 1
        } else {
            try readDigits()
        }
        if peek() == UInt8(ascii: ".") {
            offset += 1
            try readDigits()
        }
        if let byte = peek(), byte | 0x20 == UInt8(ascii: "e") {
            offset += 1
            if peek() == UInt8(ascii: "+") || peek() == UInt8(ascii: "-") { offset += 1 }
            try readDigits()
        }
        return String(decoding: bytes[first..<offset], as: UTF8.self)
    }

    private mutating func readDigits() throws(Problem) {
        let first = offset
        while let byte = peek(), byte.isDigit { offset += 1 }
        guard offset > first else { throw problem("expected a digit, found \(shown)") }
    }

    /// Reads `true`, `false` or `null`.
    mutating func readWord() -> Node.Content? {
        for (word, content) in Self.words where bytes[offset...].starts(with: word.utf8) {
            offset += word.utf8.count
            return content
        }
        return nil
    }

    private static let words: [(String, Node.Content)] = [
        ("true", .boolean(true)), ("false", .boolean(false)), ("null", .null),
    ]
}
