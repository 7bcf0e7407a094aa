import Base

/// A schema of an OpenAPI document or of a CustomResourceDefinition.
struct Schema {
    let node: Node
    /// Whether this is a structural schema of a CustomResourceDefinition, which declares all fields.
    var isStructural = false

    enum Expectation: String {
        case string = "a string"
        case base64
        case number = "a number"
        case integer = "an integer"
        case boolean = "true or false"
        case list = "a list"
        case mapping = "a mapping"
        /// Several types are allowed, or the type is unknown.
        case anything
    }

    var expectation: Expectation {
        let format = node["format"]?.string
        if node["x-kubernetes-int-or-string"]?.boolean == true || format == "int-or-string" { return .anything }
        return switch node["type"]?.string {
        case "string": format == "byte" ? .base64 : .string
        case "integer": .integer
        case "number": .number
        case "boolean": .boolean
        case "array": .list
        case "object": .mapping
        default: node["properties"] == nil ? .anything : .mapping
        }
    }

    var fieldNames: [String] { node["properties"]?.mapping?.entries.map(\.key) ?? [] }

    var isClosed: Bool {
        let describesFields = node["properties"] != nil || isStructural && expectation == .mapping
        return describesFields && node["additionalProperties"] == nil
            && node["x-kubernetes-preserve-unknown-fields"]?.boolean != true
    }

    /// Returns the schema of a field, or `nil` if there is none.
    func field(_ key: String) -> Schema? {
        (node["properties"]?[key] ?? node["additionalProperties"]).flatMap(resolved)
    }

    var items: Schema? { node["items"].flatMap(resolved) }

    private func resolved(_ node: Node) -> Schema? {
        guard node.mapping != nil else { return nil }
        if let name = node["$ref"]?.string { return KubernetesSchemas.own.definition(name) }
        return Schema(node: node, isStructural: isStructural)
    }
}

/// A check for unknown and missing fields, wrong types and values that a schema does not allow.
struct SchemaCheck {
    private(set) var problems: [Problem] = []
    private let type: GroupVersionKind
    private let isCustom: Bool

    /// Checks an object, or the value at a path of an object.
    init(_ object: Node, of type: GroupVersionKind, against schema: Schema, at path: String = "") {
        self.type = type
        isCustom = schema.isStructural
        check(object, schema, at: path)
    }

    private mutating func check(_ node: Node, _ schema: Schema, at path: String) {
        guard !node.isNull else { return }
        guard Self.isExpected(node, schema.expectation) else { return addWrongType(node, schema.expectation, path) }
        // For a built-in kind, an empty string means the default.
        if let allowed = schema.node["enum"]?.sequence, !allowed.contains(node), isCustom || node.string != "" {
            let near = node.string.flatMap { nearestName(to: $0, in: allowed.compactMap(\.string)) }
            let values = shortList(allowed.map { "\(ShownValue($0))" })
            let message =
                "\(FieldPath(path).name): expected one of \(values), found \(ShownValue(node, isSecret(path)))"
            add(message, at: node.location, hint: near.map { "did you mean '\($0)'?" })
        }
        if let mapping = node.mapping { check(mapping, at: node.location, schema, path) }
        guard let items = schema.items else { return }
        for (index, item) in (node.sequence ?? []).enumerated() { check(item, items, at: "\(path)[\(index)]") }
    }

    private mutating func check(_ mapping: Mapping, at location: SourceLocation, _ schema: Schema, _ path: String) {
        var missing = (schema.node["required"]?.sequence ?? []).compactMap(\.string).filter { key in
            // The server applies defaults before it validates, and drops a `null` field of a built-in kind.
            schema.node["properties"]?[key]?["default"] == nil && !isSkipped(key, schema, at: path)
                && mapping[key].map { $0.isNull && !isCustom } ?? true
        }
        for entry in mapping.entries where !isSkipped(entry.key, schema, at: path) {
            let field = path.isEmpty ? entry.key : "\(path).\(entry.key)"
            if let fieldSchema = schema.field(entry.key) {
                check(entry.value, fieldSchema, at: field)
            } else if schema.isClosed, !schema.fieldNames.contains(entry.key) {
                let near = nearestName(to: entry.key, in: schema.fieldNames)
                // A field that is probably misspelt is not also reported as missing.
                missing.removeAll { $0 == near }
                let hint = near.map { "did you mean '\($0)'?" }
                add("field '\(field)' does not exist", at: entry.location, hint: hint)
            }
        }
        for key in missing {
            let field = path.isEmpty ? key : "\(path).\(key)"
            let place = mapping.entries.first { $0.key == key }?.location ?? location
            add("field '\(field)' is missing", at: place)
        }
    }

    /// Returns whether a field is not checked against its schema.
    private func isSkipped(_ key: String, _ schema: Schema, at path: String) -> Bool {
        // Only controllers write the status.
        if path.isEmpty, key == "status" { return true }
        let isObject = path.isEmpty || schema.node["x-kubernetes-embedded-resource"]?.boolean == true
        return isCustom && isObject && ["apiVersion", "kind", "metadata"].contains(key)
    }

    private static func isExpected(_ node: Node, _ expectation: Schema.Expectation) -> Bool {
        switch (expectation, node.content) {
        case (.base64, .string(let text)): (try? Base64.decode(text)) != nil
        case (.integer, .number(let number)): !number.json.contains { ".eE".contains($0) }
        case (.anything, _), (.string, .string), (.number, .number), (.boolean, .boolean), (.list, .sequence),
            (.mapping, .mapping):
            true
        default: false
        }
    }

    private mutating func addWrongType(_ node: Node, _ expectation: Schema.Expectation, _ path: String) {
        let isSecret = isSecret(path)
        let hint: String? =
            switch (expectation, node.content) {
            case (.base64, .string): "encode it with 'base64 -w0'"
            case (.string, .number(let number)) where !isSecret: "write it in quotes: '\"\(number.text)\"'"
            case (.string, .number), (.string, .boolean): "write it in quotes"
            case (.integer, .string(let text)) where Int(text) != nil: "remove the quotes"
            case (.number, .string(let text)) where Double(text) != nil: "remove the quotes"
            default: nil
            }
        let found = ShownValue.withType(node, isSecret: isSecret)
        let message = "\(FieldPath(path).name): expected \(expectation.rawValue), found \(found)"
        add(message, at: node.location, hint: hint)
    }

    private func isSecret(_ path: String) -> Bool { ShownValue.isSecret(path, of: type) }

    private mutating func add(_ message: String, at place: SourceLocation, hint: String? = nil) {
        problems.append(Problem(message, at: place, hint: hint))
    }
}
