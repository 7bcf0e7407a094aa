/// A value of a YAML or JSON document with its location.
///
/// Nodes are equal if their values are equal, regardless of location, style and the order of keys.
public struct Node: Sendable, Hashable {
    /// A value of one of JSON's types.
    public enum Content: Sendable, Hashable {
        case null
        case boolean(Bool)
        case number(Number)
        case string(String)
        case sequence([Node])
        case mapping(Mapping)
    }

    /// The style of a node; untagged scalars in any style except `plain` are strings.
    public enum Style: UInt8, Sendable, Hashable {
        /// A scalar without quotes, or a collection in any notation.
        case plain
        /// A scalar in single or double quotes.
        case quoted
        /// A block scalar: `|` or `>`.
        case block
    }

    public var content: Content
    public var location: SourceLocation
    public var style: Style

    /// The index in ``ScalarValue/spellings`` plus 1, or 0 without a spelling; a byte needs less memory than a string.
    private var wordNumber: UInt8 = 0

    public init(_ content: Content, location: SourceLocation, style: Style = .plain) {
        self.content = content
        self.location = location
        self.style = style
    }

    /// Creates a boolean or `null` that was written as a word.
    init(_ content: Content, location: SourceLocation, style: Style, word: String) {
        self.init(content, location: location, style: style)
        wordNumber = ScalarValue.spellings.firstIndex(of: word).map { UInt8($0 + 1) } ?? 0
    }

    /// The word that was written for a boolean or `null` in YAML, such as `no` or `~`.
    public var spelling: String? {
        wordNumber == 0 ? nil : ScalarValue.spellings[Int(wordNumber) - 1]
    }

    /// The spelling, unless it is `true`, `false` or `null` in any letter case.
    public var misleadingWord: String? {
        spelling.flatMap { ["true", "false", "null"].contains($0.lowercased()) ? nil : $0 }
    }

    public static func == (left: Self, right: Self) -> Bool {
        if case .string(let left) = left.content, case .string(let right) = right.content {
            return left.hasSameBytes(as: right)
        }
        return left.content == right.content
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(content)
    }
}

/// A number, both as it was written and in JSON's notation.
///
/// Numbers are never converted to floating point, so that no precision is lost.
public struct Number: Sendable, Hashable {
    /// The characters in the file, such as `0o17`, `1_000` or `1.10`.
    public var text: String

    /// The same number in JSON's grammar, such as `15`, `1000` or `1.1`.
    public var json: String

    public init(text: String, json: String) {
        self.text = text
        self.json = json
    }

    public static func == (left: Self, right: Self) -> Bool {
        left.json == right.json
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(json)
    }
}

/// Access to the value as a specific type; `nil` if the value has a different type.
extension Node {
    public var mapping: Mapping? {
        if case .mapping(let mapping) = content { mapping } else { nil }
    }

    public var sequence: [Node]? {
        if case .sequence(let items) = content { items } else { nil }
    }

    public var string: String? {
        if case .string(let string) = content { string } else { nil }
    }

    public var boolean: Bool? {
        if case .boolean(let value) = content { value } else { nil }
    }

    /// The number if it is an integer that fits into `Int`.
    public var integer: Int? {
        if case .number(let number) = content { Int(number.json) } else { nil }
    }

    public var isNull: Bool { content == .null }

    public subscript(key: String) -> Node? { mapping?[key] }

    /// The item at an index, or `nil` if there is none.
    public subscript(index: Int) -> Node? {
        guard let items = sequence, items.indices.contains(index) else { return nil }
        return items[index]
    }

    /// The type of the value, as named in messages.
    public var kindName: String {
        switch content {
        case .null: "nothing"
        case .boolean: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}

extension Node {
    /// Formats the value as JSON without white space, keeping the order of keys and the precision of numbers.
    public func json() -> [UInt8] {
        var writer = JSONWriter()
        writer.write(self)
        return writer.output
    }
}

private struct JSONWriter {
    private(set) var output: [UInt8] = []

    mutating func write(_ node: Node) {
        switch node.content {
        case .null: output += "null".utf8
        case .boolean(let value): output += (value ? "true" : "false").utf8
        case .number(let number): output += number.json.utf8
        case .string(let string): write(string)
        case .sequence(let items): write(items)
        case .mapping(let mapping): write(mapping)
        }
    }

    private mutating func write(_ items: [Node]) {
        output.append(UInt8(ascii: "["))
        for (index, item) in items.enumerated() {
            separate(index)
            write(item)
        }
        output.append(UInt8(ascii: "]"))
    }

    private mutating func write(_ mapping: Mapping) {
        output.append(UInt8(ascii: "{"))
        for (index, entry) in mapping.entries.enumerated() {
            separate(index)
            write(entry.key)
            output.append(UInt8(ascii: ":"))
            write(entry.value)
        }
        output.append(UInt8(ascii: "}"))
    }

    private mutating func separate(_ index: Int) {
        if index > 0 { output.append(UInt8(ascii: ",")) }
    }

    private mutating func write(_ string: String) {
        output.append(UInt8(ascii: "\""))
        var rest = string.utf8[...]
        while let index = rest.firstIndex(where: {
            $0 < 0x20 || $0 >= 0x7f || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\")
        }) {
            output += rest[..<index]
            write(string.unicodeScalars[index])
            rest = rest[string.unicodeScalars.index(after: index)...]
        }
        output += rest
        output.append(UInt8(ascii: "\""))
    }

    /// Writes a character, escaped if JSON or YAML would interpret or refuse it.
    ///
    /// API servers read the body of an apply request as YAML, in which U+0085, U+2028 and U+2029 break lines, and other
    /// control characters and the byte order mark are refused.
    private mutating func write(_ scalar: Unicode.Scalar) {
        switch scalar {
        case "\"": output += #"\""#.utf8
        case "\\": output += #"\\"#.utf8
        case "\n": output += #"\n"#.utf8
        case "\r": output += #"\r"#.utf8
        case "\t": output += #"\t"#.utf8
        case "\0"..."\u{1f}", "\u{7f}"..."\u{9f}", "\u{2028}"..."\u{2029}", "\u{feff}", "\u{fffe}"..."\u{ffff}":
            let digits = String(scalar.value, radix: 16)
            output += "\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)".utf8
        case _ where scalar.isASCII: output.append(UInt8(scalar.value))
        default: output += String(scalar).utf8
        }
    }
}

/// Constructors of nodes that are not read from a file.
extension Node {
    public static func string(_ value: String, location: SourceLocation = .nowhere) -> Self {
        Self(.string(value), location: location, style: .quoted)
    }

    public static func number(_ value: Int, location: SourceLocation = .nowhere) -> Self {
        let text = String(value)
        return Self(.number(Number(text: text, json: text)), location: location)
    }

    public static func boolean(_ value: Bool, location: SourceLocation = .nowhere) -> Self {
        Self(.boolean(value), location: location)
    }

    public static func null(location: SourceLocation = .nowhere) -> Self {
        Self(.null, location: location)
    }

    public static func sequence(_ items: [Node], location: SourceLocation = .nowhere) -> Self {
        Self(.sequence(items), location: location)
    }

    /// Creates a mapping from pairs, whose keys must differ.
    public static func mapping(_ pairs: KeyValuePairs<String, Node>, location: SourceLocation = .nowhere) -> Self {
        mapping(pairs.map { ($0.key, $0.value) }, location: location)
    }

    /// Creates a mapping from pairs, whose keys must differ.
    public static func mapping(_ pairs: [(String, Node)], location: SourceLocation = .nowhere) -> Self {
        Self(.mapping(Mapping(pairs.map { .init(key: $0.0, location: location, value: $0.1) })), location: location)
    }
}

extension SourceLocation {
    /// The location of nodes that were not read from a file.
    public static let nowhere = Self(file: "")
}

extension Node {
    /// The first field of every JSON object that the program prints: the version of the fields' names and meanings.
    ///
    /// The version changes when a field is renamed or removed, but not when a field is added. See `docs/json.md`.
    public static let outputVersion: (String, Node) = ("version", .number(1))
}

extension Node {
    /// Formats the value as lines of YAML, with sorted keys and, if possible, multi-line texts as block scalars.
    ///
    /// As in kubectl, list items are not indented below their key.
    public func yamlLines() -> [String] {
        switch content {
        case .mapping(let mapping) where !mapping.entries.isEmpty:
            mapping.entries.sorted { $0.key < $1.key }.flatMap(Self.lines(of:))
        case .sequence(let items) where !items.isEmpty: items.flatMap(Self.lines(ofItem:))
        default: scalarLines
        }
    }

    private var isCollection: Bool {
        switch content {
        case .mapping(let mapping): !mapping.entries.isEmpty
        case .sequence(let items): !items.isEmpty
        case .null, .boolean, .number, .string: false
        }
    }

    private static func lines(of entry: Mapping.Entry) -> [String] {
        let key = plainOrQuoted(entry.key)
        let lines = entry.value.yamlLines()
        if entry.value.isCollection {
            return ["\(key):"] + (entry.value.sequence == nil ? lines.map(indented) : lines)
        }
        return ["\(key): \(lines[0])"] + lines.dropFirst().map(indented)
    }

    private static func lines(ofItem item: Node) -> [String] {
        let lines = item.yamlLines()
        return ["- \(lines[0])"] + lines.dropFirst().map(indented)
    }

    /// Indents a line; an empty line of a block scalar stays empty.
    private static func indented(_ line: String) -> String { line.isEmpty ? "" : "  \(line)" }

    /// The lines of a scalar or an empty collection; the first line of a block scalar is its header.
    private var scalarLines: [String] {
        switch content {
        case .null: ["null"]
        case .boolean(let value): [value ? "true" : "false"]
        case .number(let number): [number.json]
        case .sequence: ["[]"]
        case .mapping: ["{}"]
        case .string(let text): Self.block(text) ?? [Self.plainOrQuoted(text)]
        }
    }

    /// Formats a text of several lines as a block scalar; returns `nil` if it has one line or needs quotes.
    private static func block(_ text: String) -> [String]? {
        guard text.utf8.dropLast().contains(UInt8(ascii: "\n")), text.first != " ", text.first != "\n",
            text.unicodeScalars.allSatisfy({ $0 == "\n" || $0 == "\t" || ($0.value >= 0x20 && $0.value != 0x7f) })
        else { return nil }
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard text.hasSuffix("\n") else { return ["|-"] + lines }
        lines.removeLast()
        return [lines.last == "" ? "|+" : "|"] + lines
    }

    private static func plainOrQuoted(_ text: String) -> String {
        isPlain(text) ? text : String(decoding: Node.string(text).json(), as: UTF8.self)
    }

    /// Words that are strings only if they are quoted.
    private static let reserved: Set<String> = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]

    /// Returns whether a text is certainly read as the same string if it has no quotes.
    private static func isPlain(_ text: String) -> Bool {
        guard let first = text.first, first.isASCII, !reserved.contains(text.lowercased()) else { return false }
        let isAddress = first.isNumber && text.contains("/")
        guard first.isLetter || first == "_" || first == "/" || isAddress, text.last != " ", text.last != ":" else {
            return false
        }
        return text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value < 0x7f } && !text.contains(": ")
            && !text.contains(" #")
    }
}

extension Node {
    /// All strings in the value except keys, in no particular order.
    public var strings: [String] {
        var texts: [String] = []
        var pending = [self]
        while let next = pending.popLast() {
            switch next.content {
            case .string(let text): texts.append(text)
            case .sequence(let items): pending += items
            case .mapping(let mapping): pending += mapping.entries.map(\.value)
            case .null, .boolean, .number: break
            }
        }
        return texts
    }
}
