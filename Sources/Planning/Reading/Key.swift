import Base

/// A key of a mapping in the task file: its entry in the reference, the reader of its value, and where the value goes.
struct Key<Owner>: Sendable {
    /// The entry in the reference.
    private(set) var description: KeyDescription

    /// Reads the key into a property of an owner, which is unchanged without a valid value.
    private let reading: @Sendable (KeyDescription, ConfigValue, inout Owner) -> Bool

    var name: String { description.name }

    /// Creates a key of a property that has its default, or a value that is never used if the key is required.
    ///
    /// - Parameters:
    ///   - name: The name of the key.
    ///   - property: The property that stores the value.
    ///   - reader: The reader of the value.
    ///   - example: For a key that must be present, a value as an author would write it.
    ///   - group: For a key of a group, exactly one of which must be present, the keys of the group.
    ///   - text: For any other key, the default, or the behaviour without a value.
    init<Value>(
        _ name: String,
        _ property: any WritableKeyPath<Owner, Value> & Sendable,
        _ reader: ValueReader<Value>,
        required example: String? = nil,
        oneOf group: [String]? = nil,
        default text: String? = nil
    ) {
        self.init(name, reader, example, group, text) { owner, value in owner[keyPath: property] = value }
    }

    /// Creates a key of a property that is `nil` without the key.
    init<Value>(
        _ name: String,
        _ property: any WritableKeyPath<Owner, Value?> & Sendable,
        _ reader: ValueReader<Value>,
        required example: String? = nil,
        oneOf group: [String]? = nil,
        default text: String? = nil
    ) {
        self.init(name, reader, example, group, text) { owner, value in owner[keyPath: property] = value }
    }

    private init<Value>(
        _ name: String,
        _ reader: ValueReader<Value>,
        _ example: String?,
        _ group: [String]?,
        _ text: String?,
        _ set: @escaping @Sendable (inout Owner, Value) -> Void
    ) {
        description = KeyDescription(
            name: name,
            type: reader.type,
            presence: group.map { .oneOf($0) } ?? (example == nil ? .optional(default: text) : .required),
            example: example
        )
        reading = { description, fields, owner in
            guard let entry = fields.entry(name) else {
                guard description.presence == .required else { return true }
                fields.reportMissing(name, description.hintedValue)
                return false
            }
            let node =
                reader.keepsVariables
                ? entry.value
                : fields.variables.replaced(
                    entry.value,
                    fields.problems,
                    hintsLiteral: reader.allowsLiteral,
                    ignoresQuotes: reader.ignoresQuotes
                )
            if let node, let value = reader.read(fields.value(of: entry, replaced: node)) {
                set(&owner, value)
                return true
            }
            if case .optional = description.presence { return true }
            return false
        }
    }

    /// Returns the key with its meaning, a sentence without a full stop.
    func meaning(_ text: String) -> Self {
        var key = self
        key.description.meaning = text
        return key
    }

    /// Reads the key into the property of an owner.
    ///
    /// - Returns: Whether the owner can be used: `false` after reporting a key without which there is no owner.
    func read(_ fields: ConfigValue, into owner: inout Owner) -> Bool { reading(description, fields, &owner) }
}

extension ConfigValue {
    /// Reads all keys into the properties of an owner.
    ///
    /// - Returns: Whether the owner can be used: `false` after reporting a key without which there is no owner.
    func read<Owner>(_ keys: [Key<Owner>], into owner: inout Owner) -> Bool {
        var isUsable = true
        for key in keys where !key.read(self, into: &owner) { isUsable = false }
        return isUsable
    }
}
