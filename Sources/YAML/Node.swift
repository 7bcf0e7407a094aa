public import Base

/// A value of a YAML or JSON document with its location.
///
/// Two nodes are equal if their values are equal, regardless of location, style and the order of keys.
public struct Node: Sendable, Hashable {
    /// The value in terms of JSON.
    public enum Content: Sendable, Hashable {
        case null
        case boolean(Bool)
        case number(Number)
        case string(String)
        case sequence([Node])
        case mapping(Mapping)
    }

    /// The style of a scalar; only plain ones may be other than strings.
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

    /// The location of the value.
    public var location: SourceLocation
    public var style: Style

    public init(_ content: Content, location: SourceLocation, style: Style = .plain) {
        self.content = content
        self.location = location
        self.style = style
    }

    /// Returns whether two nodes have the same value.
    public static func == (left: Self, right: Self) -> Bool {
        if case .string(let left) = left.content, case .string(let right) = right.content {
            return left.hasSameBytes(as: right)
        }
        return left.content == right.content
    }

    /// Hashes the value.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(content)
    }
}

/// A number as it was written, and in JSON's notation.
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

    /// Returns whether two numbers have the same JSON notation.
    public static func == (left: Self, right: Self) -> Bool {
        left.json == right.json
    }

    /// Hashes the JSON notation.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(json)
    }
}
