/// Making nodes that no file contains.
extension Node {
    /// Makes a string.
    public static func string(_ value: String, place: Place = .nowhere) -> Self {
        Self(.string(value), place: place, style: .quoted)
    }

    /// Makes a whole number.
    public static func number(_ value: Int, place: Place = .nowhere) -> Self {
        let text = String(value)
        return Self(.number(Number(text: text, json: text)), place: place)
    }

    /// Makes a truth value.
    public static func boolean(_ value: Bool, place: Place = .nowhere) -> Self {
        Self(.boolean(value), place: place)
    }

    /// Makes a null.
    public static func null(place: Place = .nowhere) -> Self {
        Self(.null, place: place)
    }

    /// Makes a list.
    public static func sequence(_ items: [Node], place: Place = .nowhere) -> Self {
        Self(.sequence(items), place: place)
    }

    /// Makes a mapping from keys that differ, in their order.
    public static func mapping(_ pairs: KeyValuePairs<String, Node>, place: Place = .nowhere) -> Self {
        mapping(pairs.map { ($0.key, $0.value) }, place: place)
    }

    /// Makes a mapping from keys that differ, in their order.
    public static func mapping(_ pairs: [(String, Node)], place: Place = .nowhere) -> Self {
        Self(.mapping(Mapping(pairs.map { .init(key: $0.0, place: place, value: $0.1) })), place: place)
    }
}

extension Place {
    /// The place of what was made rather than read.
    public static let nowhere = Self(file: "")
}
