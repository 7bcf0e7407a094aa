import YAML

/// A key of a mapping in the task file: how its value is read, and what the reference says about it.
struct Key<Value>: Sendable {
    /// The entry of the reference.
    let description: KeyDescription

    /// How its value is read.
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
                meaning: meaning
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
                meaning: meaning
            ),
            reader: reader,
        )
    }

    /// Creates a key of a group of which exactly one must be present.
    static func oneOf(
        _ names: [String],
        _ name: String,
        _ reader: ValueReader<Value>,
        _ meaning: String,
    ) -> Self {
        Self(
            description: KeyDescription(name: name, type: reader.type, presence: .oneOf(names), meaning: meaning),
            reader: reader,
        )
    }
}

/// A key with the value that it has when it is missing.
struct DefaultedKey<Value: Sendable>: Sendable {
    let key: Key<Value>

    /// The value when it is missing.
    let value: Value

    /// The entry of the reference.
    var description: KeyDescription { key.description }

    /// Creates a key.
    ///
    /// - Parameters:
    ///   - name: The key.
    ///   - reader: How its value is read.
    ///   - value: The default.
    ///   - text: The default as the reference shows it, if Swift would print it in another way.
    ///   - meaning: What it means.
    init(_ name: String, _ reader: ValueReader<Value>, default value: Value, text: String? = nil, _ meaning: String) {
        key = .optional(name, reader, default: text ?? "`\(value)`", meaning)
        self.value = value
    }
}

/// A key of a mapping with the property that has its value.
struct BoundKey<Owner>: Sendable {
    /// The entry of the reference.
    let description: KeyDescription

    /// Reads the key into an owner, which stays as it is if there is no value.
    let read: @Sendable (inout MappingReader, inout Owner) -> Void

    var name: String { description.name }

    /// Creates a key that may be missing, for a property that has the default already.
    ///
    /// - Parameters:
    ///   - name: The key.
    ///   - property: The property.
    ///   - reader: How its value is read.
    ///   - text: The default, or what happens without a value.
    ///   - meaning: What it means.
    init<Value>(
        _ name: String,
        _ property: any WritableKeyPath<Owner, Value> & Sendable,
        _ reader: ValueReader<Value>,
        default text: String? = nil,
        _ meaning: String
    ) {
        self.init(.optional(name, reader, default: text, meaning)) { owner, value in owner[keyPath: property] = value }
    }

    /// Creates a key that may be missing, for a property that is `nil` then.
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
    /// - Returns: The value, or `nil` if there is none, which has been reported if it is a mistake.
    mutating func value<Value>(_ key: Key<Value>) -> Value? {
        let description = key.description
        guard let entry = take(description.name) else {
            if description.presence == .required { reportMissing(description.name, description.example ?? "VALUE") }
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
