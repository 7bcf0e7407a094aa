/// The value as one type, `nil` if it has another.
extension Node {
    /// The entries, or `nil` unless this is a mapping.
    public var mapping: Mapping? {
        if case .mapping(let mapping) = content { mapping } else { nil }
    }

    /// The items, or `nil` unless this is a sequence.
    public var sequence: [Node]? {
        if case .sequence(let items) = content { items } else { nil }
    }

    /// The characters, or `nil` unless this is a string.
    public var string: String? {
        if case .string(let string) = content { string } else { nil }
    }

    /// The boolean, or `nil` unless this is a boolean.
    public var boolean: Bool? {
        if case .boolean(let value) = content { value } else { nil }
    }

    /// The number, or `nil` unless this is an integer that fits.
    public var integer: Int? {
        if case .number(let number) = content { Int(number.json) } else { nil }
    }

    /// Whether this is `null`.
    public var isNull: Bool { content == .null }

    /// The value of a key, or `nil` unless this is a mapping that has it.
    public subscript(key: String) -> Node? { mapping?[key] }

    /// The item at an index, or `nil` unless this is a sequence that has it.
    public subscript(index: Int) -> Node? {
        guard let items = sequence, items.indices.contains(index) else { return nil }
        return items[index]
    }

    /// The type of the value for messages.
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
