import YAML

/// One schema of an OpenAPI version 2 document.
struct Schema {
    let node: Node
    let name: String
    let definitions: Mapping

    /// What a value of the schema may be.
    enum Expectation {
        case string, number, integer, boolean, list, mapping
        /// Nothing is known, or several types are allowed.
        case anything
    }

    /// The type that the schema asks for.
    var expectation: Expectation {
        let isOpen =
            node["x-kubernetes-int-or-string"]?.boolean == true || node["format"]?.string == "int-or-string"
            || name.hasSuffix(".resource.Quantity") || name.hasSuffix(".intstr.IntOrString")
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

    /// Whether a string of the schema is binary data in text form.
    var isBase64: Bool { node["format"]?.string == "byte" }

    /// The fields that the schema names.
    var fieldNames: [String] {
        node["properties"]?.mapping?.entries.map(\.key) ?? []
    }

    /// Whether the schema refuses fields that it does not name.
    var isClosed: Bool {
        node["properties"] != nil && node["additionalProperties"] == nil
            && node["x-kubernetes-preserve-unknown-fields"]?.boolean != true
    }

    /// The schema of a field, `nil` if nothing is known of it.
    func field(_ key: String) -> Schema? {
        (node["properties"]?[key] ?? node["additionalProperties"]).flatMap(resolved)
    }

    /// The schema of a list's items.
    var items: Schema? {
        node["items"].flatMap(resolved)
    }

    private func resolved(_ node: Node) -> Schema? {
        guard node.mapping != nil else { return nil }
        guard let reference = node["$ref"]?.string else {
            return Schema(node: node, name: "", definitions: definitions)
        }
        let name = String(reference.split(separator: "/").last ?? "")
        return definitions[name].map { Schema(node: $0, name: name, definitions: definitions) }
    }
}
