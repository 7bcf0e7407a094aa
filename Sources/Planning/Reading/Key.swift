import Base

/// A key of a mapping in the task file, with its documentation, the reader of its value and the property that it sets.
struct Key<Owner>: Sendable {
    private(set) var description: KeyDescription

    /// Sets the property of an owner, with the result of ``read(_:into:)``.
    private let reading: @Sendable (KeyDescription, ConfigValue, inout Owner) -> Bool

    var name: String { description.name }

    /// Creates a key that sets a property; without the key, the property keeps its value.
    ///
    /// A required key has an example of a value for hints. A key of a group, of which exactly one must be present, has
    /// the keys of the group. An optional key has a text about its default, in Markdown.
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

    /// Creates a key that sets an optional property.
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

    /// Returns the key with its documentation, a sentence in Markdown without a full stop.
    func meaning(_ text: String) -> Self {
        var key = self
        key.description.meaning = text
        return key
    }

    /// Reads the key into the property of an owner.
    ///
    /// - Returns: `false` if a required key is missing or a key that is not optional is invalid, which is reported.
    func read(_ fields: ConfigValue, into owner: inout Owner) -> Bool { reading(description, fields, &owner) }
}

extension ConfigValue {
    /// Reads all keys into the properties of an owner.
    ///
    /// - Returns: `false` if a required key is missing or a key that is not optional is invalid, which is reported.
    func read<Owner>(_ keys: [Key<Owner>], into owner: inout Owner) -> Bool {
        var isUsable = true
        for key in keys where !key.read(self, into: &owner) { isUsable = false }
        return isUsable
    }
}
