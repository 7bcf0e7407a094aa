import YAML

/// A key of a mapping in the task file, with the reader of its value and its entry in the reference.
struct Key<Value>: Sendable {
    /// The entry in the reference.
    let description: KeyDescription

    /// The reader of the value.
    let reader: ValueReader<Value>

    /// Creates a key that must be present.
    static func required(
        _ name: String,
        _ reader: ValueReader<Value>,
        example: String,
        _ meaning: String,
    ) -> Self {
        Self(
            description: KeyDescription(
                name: name,
                type: reader.type,
                presence: .required,
                example: example,
                meaning: meaning,
                refusesEmpty: reader.refusesEmpty
            ),
            reader: reader,
        )
    }

    /// Creates a key that may be missing.
    static func optional(
        _ name: String,
        _ reader: ValueReader<Value>,
        default text: String? = nil,
        _ meaning: String,
    ) -> Self {
        Self(
            description: KeyDescription(
                name: name,
                type: reader.type,
                presence: .optional(default: text),
                meaning: meaning,
                refusesEmpty: reader.refusesEmpty
            ),
            reader: reader,
        )
    }

    /// Creates a key of a group of keys, exactly one of which must be present.
    static func oneOf(
        _ names: [String],
        _ name: String,
        _ reader: ValueReader<Value>,
        _ meaning: String,
    ) -> Self {
        Self(
            description: KeyDescription(
                name: name,
                type: reader.type,
                presence: .oneOf(names),
                meaning: meaning,
                refusesEmpty: reader.refusesEmpty
            ),
            reader: reader,
        )
    }
}

/// A key with a default value.
struct DefaultedKey<Value: Sendable>: Sendable {
    let key: Key<Value>

    /// The value if the key is missing.
    let value: Value

    /// The entry in the reference.
    var description: KeyDescription { key.description }

    /// Creates a key.
    ///
    /// - Parameters:
    ///   - name: The name of the key.
    ///   - reader: The reader of the value.
    ///   - value: The default.
    ///   - text: The default as the reference shows it.
    ///   - meaning: The meaning of the key.
    init(_ name: String, _ reader: ValueReader<Value>, default value: Value, text: String, _ meaning: String) {
        key = .optional(name, reader, default: text, meaning)
        self.value = value
    }

    /// Creates a key whose default the reference shows as it is written in a task file.
    init(_ name: String, _ reader: ValueReader<Value>, default value: Value, _ meaning: String)
    where Value: CustomStringConvertible {
        self.init(name, reader, default: value, text: "`\(value.description)`", meaning)
    }

    /// Creates a key with a word as its default, which the reference shows.
    init(_ name: String, _ reader: ValueReader<Value>, default value: Value, _ meaning: String)
    where Value: RawRepresentable<String> {
        self.init(name, reader, default: value, text: "`\(value.rawValue)`", meaning)
    }
}

/// A key of a mapping, with the property that stores its value.
struct BoundKey<Owner>: Sendable {
    /// The entry in the reference.
    let description: KeyDescription

    /// Reads the key into the property of an owner.
    ///
    /// Without a valid value, the property is unchanged.
    let read: @Sendable (inout MappingReader, inout Owner) -> Void

    var name: String { description.name }

    /// Creates an optional key for a property that already has the default value.
    ///
    /// - Parameters:
    ///   - name: The name of the key.
    ///   - property: The property that stores the value.
    ///   - reader: The reader of the value.
    ///   - text: The default, or the behaviour without a value.
    ///   - meaning: The meaning of the key.
    init<Value>(
        _ name: String,
        _ property: any WritableKeyPath<Owner, Value> & Sendable,
        _ reader: ValueReader<Value>,
        default text: String? = nil,
        _ meaning: String
    ) {
        self.init(.optional(name, reader, default: text, meaning)) { owner, value in owner[keyPath: property] = value }
    }

    /// Creates an optional key for a property that is `nil` if the key is missing.
    init<Value>(
        _ name: String,
        _ property: any WritableKeyPath<Owner, Value?> & Sendable,
        _ reader: ValueReader<Value>,
        default text: String? = nil,
        _ meaning: String
    ) {
        self.init(.optional(name, reader, default: text, meaning)) { owner, value in owner[keyPath: property] = value }
    }

    private init<Value>(_ key: Key<Value>, _ set: @escaping @Sendable (inout Owner, Value) -> Void) {
        description = key.description
        read = { fields, owner in
            if let value = fields.value(key) { set(&owner, value) }
        }
    }
}

extension MappingReader {
    /// Reads the value of a key after its variables were replaced.
    ///
    /// - Returns: The value, or `nil` if the key is missing or its value is invalid. Errors are reported.
    mutating func value<Value>(_ key: Key<Value>) -> Value? {
        let description = key.description
        guard let entry = take(description.name) else {
            if description.presence == .required { reportMissing(description.name, description.hintedValue) }
            return nil
        }
        let node = variables.replaced(
            entry.value,
            problems,
            hintsLiteral: key.reader.allowsLiteral,
            ignoresQuotes: key.reader.ignoresQuotes
        )
        return node.flatMap { key.reader.read(value(of: entry, replaced: $0)) }
    }

    mutating func value<Value>(_ key: DefaultedKey<Value>) -> Value {
        value(key.key) ?? key.value
    }
}
