import YAML

/// The definitions to which schemas refer by name.
struct SchemaDefinitions: Sendable {
    let definition: @Sendable (String) -> Node?

    /// No definitions, for schemas that refer to none.
    static let none = SchemaDefinitions { _ in nil }

    /// Returns the schema that a name refers to, or `nil` if there is no such definition.
    func schema(_ name: String) -> Schema? {
        definition(name).map { Schema(node: $0, name: name, definitions: self) }
    }
}

/// One schema of an OpenAPI version 2 document or of a CustomResourceDefinition.
struct Schema {
    let node: Node
    let name: String
    let definitions: SchemaDefinitions
    /// Whether this is the schema of a CustomResourceDefinition, which names all fields of its objects.
    var isStructural = false

    /// The type that a value of the schema must have.
    enum Expectation {
        case string, number, integer, boolean, list, mapping
        /// Any type, because the type is unknown or several types are allowed.
        case anything
    }

    /// The type that the schema requires.
    var expectation: Expectation {
        let isOpen =
            node["x-kubernetes-int-or-string"]?.boolean == true || node["format"]?.string == "int-or-string"
            || isQuantity || name.hasSuffix(".intstr.IntOrString")
        if isOpen { return .anything }
        return switch node["type"]?.string {
        case "string": .string
        case "integer": .integer
        case "number": .number
        case "boolean": .boolean
        case "array": .list
        case "object": .mapping
        default: node["properties"] == nil ? .anything : .mapping
        }
    }

    /// Whether the schema describes an amount such as `500m` or `1Gi`.
    var isQuantity: Bool { name.hasSuffix(".resource.Quantity") }

    /// Whether a string of the schema is base64-encoded binary data.
    var isBase64: Bool { node["format"]?.string == "byte" }

    /// The names of the schema's fields.
    var fieldNames: [String] {
        node["properties"]?.mapping?.entries.map(\.key) ?? []
    }

    /// Whether the schema refuses unknown fields.
    var isClosed: Bool {
        let describesFields = node["properties"] != nil || isStructural && expectation == .mapping
        return describesFields && node["additionalProperties"] == nil
            && node["x-kubernetes-preserve-unknown-fields"]?.boolean != true
    }

    /// Whether the value is itself a Kubernetes object, with `apiVersion`, `kind` and `metadata`.
    var isEmbeddedObject: Bool { node["x-kubernetes-embedded-resource"]?.boolean == true }

    /// The schema of a field, `nil` if it is unknown.
    func field(_ key: String) -> Schema? {
        (node["properties"]?[key] ?? node["additionalProperties"]).flatMap(resolved)
    }

    /// The schema of a list's items.
    var items: Schema? {
        node["items"].flatMap(resolved)
    }

    /// Returns a value with the defaults that the server fills in before validation.
    func withDefaults(_ value: Node) -> Node {
        var value = value
        switch value.content {
        case .mapping(var mapping):
            for entry in mapping.entries {
                if let field = field(entry.key) { mapping[entry.key] = field.withDefaults(entry.value) }
            }
            for property in node["properties"]?.mapping?.entries ?? [] where mapping[property.key] == nil {
                guard let value = property.value["default"] else { continue }
                mapping[property.key] = field(property.key)?.withDefaults(value) ?? value
            }
            value.content = .mapping(mapping)
        case .sequence(let list):
            guard let items else { break }
            value.content = .sequence(list.map(items.withDefaults))
        case .null, .boolean, .number, .string: break
        }
        return value
    }

    private func resolved(_ node: Node) -> Schema? {
        guard node.mapping != nil else { return nil }
        guard let reference = node["$ref"]?.string else {
            return Schema(node: node, name: "", definitions: definitions, isStructural: isStructural)
        }
        let start = reference.utf8.lastIndex(of: UInt8(ascii: "/")).map(reference.utf8.index(after:))
        return definitions.schema(String(reference[(start ?? reference.startIndex)...]))
    }
}
