import Base

/// A key of a mapping in the task file, with its documentation, the reader of its value and the property that it sets.
struct Key<Owner>: Sendable {
    private(set) var description: KeyDescription

    /// The function behind ``read(_:into:)``.
    private let reading: @Sendable (KeyDescription, ConfigValue, inout Owner) -> Bool

    var name: String { description.name }

    /// Creates a key that sets a property; without the key, the property keeps its value.
    ///
    /// `example` is a value of a required key, for hints. `group` contains keys of which exactly one must be present.
    /// `text` is the default of an optional key, in Markdown.
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

    /// Returns the key with its meaning, a phrase in Markdown without a full stop.
    func meaning(_ text: String) -> Self {
        var key = self
        key.description.meaning = text
        return key
    }

    /// Reads the key into the property of an owner, and reports problems.
    ///
    /// - Returns: `false` if a required key is missing or a key that is not optional is invalid.
    func read(_ fields: ConfigValue, into owner: inout Owner) -> Bool { reading(description, fields, &owner) }
}

extension ConfigValue {
    /// Reads all keys into the properties of an owner, and reports problems.
    ///
    /// - Returns: `false` if a required key is missing or a key that is not optional is invalid.
    func read<Owner>(_ keys: [Key<Owner>], into owner: inout Owner) -> Bool {
        var isUsable = true
        for key in keys where !key.read(self, into: &owner) { isUsable = false }
        return isUsable
    }
}
