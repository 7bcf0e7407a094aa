public import Base

/// Nodes that were not read from a file.
extension Node {
    public static func string(_ value: String, location: SourceLocation = .nowhere) -> Self {
        Self(.string(value), location: location, style: .quoted)
    }

    /// Creates an integer.
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

    /// Creates a list.
    public static func sequence(_ items: [Node], location: SourceLocation = .nowhere) -> Self {
        Self(.sequence(items), location: location)
    }

    /// Creates a mapping from different keys in order.
    public static func mapping(_ pairs: KeyValuePairs<String, Node>, location: SourceLocation = .nowhere) -> Self {
        mapping(pairs.map { ($0.key, $0.value) }, location: location)
    }

    /// Creates a mapping from different keys in order.
    public static func mapping(_ pairs: [(String, Node)], location: SourceLocation = .nowhere) -> Self {
        Self(.mapping(Mapping(pairs.map { .init(key: $0.0, location: location, value: $0.1) })), location: location)
    }
}

extension SourceLocation {
    /// The location of nodes that were not read from a file.
    public static let nowhere = Self(file: "")
}
