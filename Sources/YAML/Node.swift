/// A value of a YAML or JSON document that knows where it was written.
///
/// Two nodes are equal when their values are: places and styles do not count, nor does the order of a mapping's keys.
public struct Node: Sendable, Hashable {
    /// What a node holds, in the terms of JSON.
    public enum Content: Sendable, Hashable {
        case null
        case boolean(Bool)
        case number(Number)
        case string(String)
        case sequence([Node])
        case mapping(Mapping)
    }

    /// How a scalar was written, which decides whether it may become something else than a string.
    public enum Style: UInt8, Sendable, Hashable {
        /// Without quotes, and every collection.
        case plain
        /// In single or double quotes.
        case quoted
        /// As a block scalar: `|` or `>`.
        case block
    }

    /// The value.
    public var content: Content

    /// Where the value begins.
    public var place: Place

    /// How the value was written.
    public var style: Style

    /// Creates a node.
    public init(_ content: Content, place: Place, style: Style = .plain) {
        self.content = content
        self.place = place
        self.style = style
    }

    /// Tells whether two nodes have the same value.
    public static func == (left: Self, right: Self) -> Bool {
        left.content == right.content
    }

    /// Feeds the value, not the place, to a hasher.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(content)
    }
}

/// A number as it was written and as JSON has it.
///
/// The text is kept so that no precision is lost: a number is never turned into a floating-point value on its way.
public struct Number: Sendable, Hashable {
    /// The characters in the file, such as `0o17`, `1_000` or `1.10`.
    public var text: String

    /// The same number in JSON's grammar, such as `15`, `1000` or `1.1`.
    public var json: String

    /// Creates a number.
    public init(text: String, json: String) {
        self.text = text
        self.json = json
    }

    /// Tells whether two numbers are written the same way in JSON.
    public static func == (left: Self, right: Self) -> Bool {
        left.json == right.json
    }

    /// Feeds JSON's spelling to a hasher.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(json)
    }
}
