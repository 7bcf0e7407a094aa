public import Base

/// Parses one JSON value according to RFC 8259.
///
/// - Parameters:
///   - bytes: The text, in UTF-8.
///   - file: The file name in locations.
///   - limits: The size, depth and number of values at which reading stops.
/// - Returns: The value; its numbers keep their digits.
/// - Throws: The first ``Base/Problem``; a duplicate key is one.
public func readJSON(_ bytes: [UInt8], file: String, limits: Limits = .reply) throws(Problem) -> Node {
    if let problem = limits.tooLarge(bytes.count, file: file) { throw problem }
    var reader = JSONReader(bytes[...], file: file, limits: limits)
    let node = try reader.read()
    if let problem = reader.problems.first { throw problem }
    guard reader.isAtEnd() else { throw reader.problem("unexpected \(reader.shown) after the JSON value") }
    return node
}

/// A pass over a text with one JSON value or several.
///
/// Open collections are kept in an array, so that deep nesting cannot exhaust the stack.
struct JSONReader {
    /// The duplicate keys so far, which do not end the reading.
    private(set) var problems: [Problem] = []

    /// The whole text.
    let bytes: ArraySlice<UInt8>

    /// The offset of the next byte.
    var offset: Int

    private let file: String
    private let firstLine: Int
    private let limits: Limits
    private var lines: LineCounter
    private var frames: [Frame] = []
    private var nodeCount = 0

    /// An open collection.
    private struct Frame {
        var location: SourceLocation
        var isMapping: Bool
        var items: [Node] = []
        var mapping = MappingBuilder()
        var key: (text: String, location: SourceLocation)?

        var end: UInt8 { isMapping ? UInt8(ascii: "}") : UInt8(ascii: "]") }
        var isEmpty: Bool { items.isEmpty && mapping.entries.isEmpty }
    }

    init(_ bytes: ArraySlice<UInt8>, file: String, limits: Limits, line: Int = 1) {
        self.bytes = bytes
        self.file = file
        firstLine = line
        self.limits = limits
        offset = bytes.startIndex
        lines = LineCounter(bytes, line: line)
    }

    /// Reads the next value.
    mutating func read() throws(Problem) -> Node {
        nodeCount = 0
        while true {
            if let problem = Limits.tooManyProblems(problems) { throw problem }
            skipWhiteSpace()
            guard let value = try step() else { continue }
            if let outermost = try finish(value) { return outermost }
        }
    }

    /// Returns whether only white space is left.
    mutating func isAtEnd() -> Bool {
        skipWhiteSpace()
        return offset >= bytes.endIndex
    }

    /// Reads the next scalar, bracket or key.
    ///
    /// - Returns: A scalar, or a collection that ends as soon as it began.
    private mutating func step() throws(Problem) -> Node? {
        // By its index, here and below: a copy of the frame would count references for each of its arrays.
        let last = frames.count - 1
        guard last >= 0, frames[last].key == nil else { return try readValue() }
        if frames[last].isEmpty && peek() == frames[last].end {
            offset += 1
            return close()
        }
        guard frames[last].isMapping else { return try readValue() }
        frames[last].key = try readKey()
        return nil
    }

    private mutating func readValue() throws(Problem) -> Node? {
        let location = location()
        try count(at: location)
        switch peek() {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            guard frames.count < limits.depth else { throw limits.tooDeep(at: location) }
            frames.append(Frame(location: location, isMapping: peek() == UInt8(ascii: "{")))
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

    /// Adds a value to its collection, and closes the collections that end after it.
    ///
    /// - Returns: The outermost value when it is complete.
    private mutating func finish(_ value: Node) throws(Problem) -> Node? {
        var value = value
        while !frames.isEmpty {
            let end = frames[frames.count - 1].end
            add(value)
            skipWhiteSpace()
            if peek() == UInt8(ascii: ",") {
                offset += 1
                return nil
            }
            guard peek() == end, let closed = close() else { throw unexpected("',' or '\(Unicode.Scalar(end))'") }
            offset += 1
            value = closed
        }
        return value
    }

    private mutating func add(_ value: Node) {
        let last = frames.count - 1
        guard let key = frames[last].key else {
            frames[last].items.append(value)
            return
        }
        frames[last].key = nil
        let entry = Mapping.Entry(key: key.text, location: key.location, value: value)
        guard let first = frames[last].mapping.insert(entry) else { return }
        problems.append(.duplicateKey(key.text, at: key.location, first: first))
    }

    private mutating func close() -> Node? {
        guard let frame = frames.popLast() else { return nil }
        let content = frame.isMapping ? Node.Content.mapping(Mapping(frame.mapping.entries)) : .sequence(frame.items)
        return Node(content, location: frame.location)
    }

    private mutating func count(at location: SourceLocation) throws(Problem) {
        nodeCount += 1
        guard nodeCount <= limits.nodeCount else { throw limits.tooManyNodes(at: location) }
    }

    /// The problem of an unexpected character or end of the text.
    private mutating func unexpected(_ expected: String) -> Problem {
        guard offset >= bytes.endIndex, let frame = frames.last else {
            return problem("expected \(expected), found \(shown)")
        }
        let bracket = frame.isMapping ? "{" : "["
        return Problem("'\(bracket)' is never closed: the text ends in \(endInWords)", at: frame.location)
    }
}

/// What the parts of the reader share.
extension JSONReader {
    /// The next byte, or `nil` at the end.
    func peek() -> UInt8? {
        offset < bytes.endIndex ? bytes[offset] : nil
    }

    /// The location of the next byte.
    mutating func location() -> SourceLocation {
        SourceLocation(file: file, position: lines.mark(of: offset))
    }

    /// A problem at the next byte.
    mutating func problem(_ message: String) -> Problem {
        Problem(message, at: location())
    }

    /// The next character for messages.
    var shown: String {
        guard let byte = peek() else { return "the end of the text" }
        guard (0x21..<0x7F).contains(byte) else { return "byte 0x" + String(byte, radix: 16, uppercase: true) }
        return "'\(Unicode.Scalar(byte))'"
    }

    /// The end of the text for messages.
    var endInWords: String {
        let end = LineCounter.end(of: bytes, line: firstLine)
        return "line \(end.line), column \(end.column)"
    }

    private mutating func skipWhiteSpace() {
        while let byte = peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { offset += 1 }
    }
}
