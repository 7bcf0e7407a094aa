/// Parses one JSON value according to RFC 8259; numbers keep their digits.
///
/// - Throws: ``Base/Problem`` if the text is not one JSON value, exceeds a limit or has a duplicate key.
public func readJSON(_ bytes: [UInt8], file: String, limits: Limits = .reply) throws(Problem) -> Node {
    if let problem = limits.tooLarge(bytes.count, file: file) { throw problem }
    var reader = JSONReader(bytes[...], file: file, limits: limits)
    let node = try reader.read()
    if let problem = reader.problems.first { throw problem }
    guard reader.isAtEnd() else { throw reader.problem("unexpected \(reader.shown) after the JSON value") }
    return node
}

/// A reader of a text with one or more JSON values.
///
/// Open collections are kept in an array, so that deep nesting cannot exhaust the stack.
struct JSONReader {
    /// The problems of duplicate keys, which do not stop the reader.
    private(set) var problems: [Problem] = []

    let bytes: ArraySlice<UInt8>

    /// The offset of the next byte.
    var offset: Int

    private let file: String
    private let limits: Limits
    private var lines: LineCounter
    private var frames: [CollectionFrame] = []
    private var nodeCount = 0

    init(_ bytes: ArraySlice<UInt8>, file: String, limits: Limits, line: Int = 1) {
        self.bytes = bytes
        self.file = file
        self.limits = limits
        offset = bytes.startIndex
        lines = LineCounter(bytes, line: line)
    }

    mutating func read() throws(Problem) -> Node {
        nodeCount = 0
        while true {
            if let problem = Limits.tooManyProblems(problems) { throw problem }
            skipWhiteSpace()
            guard let value = try step() else { continue }
            if let outermost = try finish(value) { return outermost }
        }
    }

    /// Skips white space, and returns whether nothing follows.
    mutating func isAtEnd() -> Bool {
        skipWhiteSpace()
        return offset >= bytes.endIndex
    }

    /// Reads the next scalar, bracket or key; returns a scalar or an empty collection, otherwise `nil`.
    private mutating func step() throws(Problem) -> Node? {
        // The frame is accessed by index, here and below, because a copy would retain each of its arrays.
        let last = frames.count - 1
        guard last >= 0, frames[last].key == nil else { return try readValue() }
        if frames[last].isEmpty && peek() == closing(isMapping: frames[last].isMapping) {
            offset += 1
            return frames.popLast()?.node
        }
        guard frames[last].isMapping else { return try readValue() }
        let (key, location) = try readKey()
        frames[last].key = .text(key, location)
        return nil
    }

    private mutating func readValue() throws(Problem) -> Node? {
        let location = location()
        try count(at: location)
        switch peek() {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            guard frames.count < limits.depth else { throw limits.tooDeep(at: location) }
            let collection = CollectionEvent(isMapping: peek() == UInt8(ascii: "{"), isFlow: true)
            frames.append(CollectionFrame(collection, location: location))
            offset += 1
            return nil
        case UInt8(ascii: "\""):
            return Node(.string(try readString(at: location)), location: location, style: .quoted)
        case let byte? where byte == UInt8(ascii: "-") || byte.isDigit:
            return Node(.number(.json(try readNumber())), location: location)
        default:
            guard let word = readWord() else { throw unexpected("a value") }
            return Node(word, location: location)
        }
    }

    private mutating func readKey() throws(Problem) -> (String, SourceLocation) {
        let location = location()
        try count(at: location)
        guard peek() == UInt8(ascii: "\"") else { throw unexpected("a key in double quotes") }
        let key = try readString(at: location)
        skipWhiteSpace()
        guard peek() == UInt8(ascii: ":") else { throw unexpected("':' after the key '\(key)'") }
        offset += 1
        return (key, location)
    }

    /// Adds a value to the innermost open collection, and closes the collections that end after the value.
    ///
    /// - Returns: The outermost value if it is complete, otherwise `nil`.
    private mutating func finish(_ value: Node) throws(Problem) -> Node? {
        var value = value
        while !frames.isEmpty {
            let end = closing(isMapping: frames[frames.count - 1].isMapping)
            let problem = frames[frames.count - 1].add(value, height: 0)
            if let problem { problems.append(problem) }
            skipWhiteSpace()
            if peek() == UInt8(ascii: ",") {
                offset += 1
                return nil
            }
            guard peek() == end, let closed = frames.popLast()?.node else {
                throw unexpected("',' or '\(Unicode.Scalar(end))'")
            }
            offset += 1
            value = closed
        }
        return value
    }

    private func closing(isMapping: Bool) -> UInt8 { isMapping ? UInt8(ascii: "}") : UInt8(ascii: "]") }

    private mutating func count(at location: SourceLocation) throws(Problem) {
        nodeCount += 1
        guard nodeCount <= limits.nodeCount else { throw limits.tooManyNodes(at: location) }
    }

    /// Creates the problem of an unexpected character or an unexpected end of the text.
    private mutating func unexpected(_ expected: String) -> Problem {
        guard offset >= bytes.endIndex, let frame = frames.last else {
            return problem("expected \(expected), found \(shown)")
        }
        return Problem("'\(frame.isMapping ? "{" : "[")' is never closed", at: frame.location)
    }
}

extension JSONReader {
    /// Returns the next byte, or `nil` at the end.
    func peek() -> UInt8? {
        offset < bytes.endIndex ? bytes[offset] : nil
    }

    /// The location of the next byte; in a reply, whose lines nobody sees, the file as a whole.
    mutating func location() -> SourceLocation {
        SourceLocation(file: file, position: limits == .reply ? nil : lines.mark(of: offset))
    }

    /// Creates a problem at the next byte.
    mutating func problem(_ message: String) -> Problem {
        Problem(message, at: location())
    }

    /// The next byte or the end of the text, as described in messages.
    var shown: String {
        guard let byte = peek() else { return "the end of the text" }
        guard (0x21..<0x7F).contains(byte) else { return "byte 0x" + String(byte, radix: 16, uppercase: true) }
        return "'\(Unicode.Scalar(byte))'"
    }

    private mutating func skipWhiteSpace() {
        while let byte = peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { offset += 1 }
    }
}

extension JSONReader {
    /// Reads a string, from its opening to its closing quote.
    mutating func readString(at start: SourceLocation) throws(Problem) -> String {
        offset += 1
        let first = offset
        skipOrdinaryCharacters()
        // Bytes are copied only if there is an escape.
        var characters = bytes[first..<offset]
        while let byte = peek(), byte != UInt8(ascii: "\"") {
            guard byte == UInt8(ascii: "\\") else {
                throw problem("control character (\(shown)) in a string, where JSON requires an escape such as '\\n'")
            }
            characters += try readEscape().utf8
            let next = offset
            skipOrdinaryCharacters()
            characters += bytes[next..<offset]
        }
        guard offset < bytes.endIndex else { throw Problem("string is never closed", at: start) }
        offset += 1
        guard let string = String(validating: characters, as: UTF8.self) else {
            throw Problem("string is not UTF-8", at: start)
        }
        return string
    }

    private mutating func skipOrdinaryCharacters() {
        while let byte = peek(), byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") { offset += 1 }
    }

    private mutating func readEscape() throws(Problem) -> String {
        guard offset + 1 < bytes.endIndex else { throw problem("the text ends within an escape") }
        let letter = bytes[offset + 1]
        if letter == UInt8(ascii: "u") { return String(try readUnicodeEscape()) }
        guard let escaped = Self.escapes[letter] else {
            offset += 1
            throw problem("'\\' does not escape \(shown) in JSON")
        }
        offset += 2
        return escaped
    }

    private static let escapes: [UInt8: String] = [
        UInt8(ascii: "\""): "\"", UInt8(ascii: "\\"): "\\", UInt8(ascii: "/"): "/", UInt8(ascii: "b"): "\u{8}",
        UInt8(ascii: "f"): "\u{C}", UInt8(ascii: "n"): "\n", UInt8(ascii: "r"): "\r", UInt8(ascii: "t"): "\t",
    ]

    /// Reads an escape such as `\u00e9`, or two escapes that are a surrogate pair.
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

    /// Reads the characters of a number and checks them against JSON's grammar.
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
