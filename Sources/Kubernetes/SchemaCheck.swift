import PKI
import YAML

/// What in an object does not fit its kind's schema: every unknown field and every wrong type.
///
/// A server names the first fault of each branch only, and without a place.
struct SchemaCheck {
    /// One fault.
    struct Fault {
        var place: Place
        var message: String
        var hint: String?
    }

    private(set) var faults: [Fault] = []

    private let type: GroupVersionKind

    init(_ object: Node, of type: GroupVersionKind, against schema: Schema) {
        self.type = type
        check(object, schema, at: "")
    }

    private mutating func check(_ node: Node, _ schema: Schema, at path: String) {
        guard !node.isNull else { return }
        if let expected = Self.mismatch(node, schema) {
            let isSecret = ShownValue.isSecret(path, of: type)
            faults.append(
                Fault(
                    place: node.place,
                    message:
                        "\(FieldPath(path).name): \(expected) is expected, \(node.kindName) stands here: \(ShownValue(node, isSecret))",
                    hint: isSecret ? Self.secretHint(schema) : Self.rewriting(node, as: schema),
                )
            )
            return
        }
        for entry in node.mapping?.entries ?? [] {
            let field = path.isEmpty ? entry.key : "\(path).\(entry.key)"
            if let fieldSchema = schema.field(entry.key) {
                check(entry.value, fieldSchema, at: field)
            } else if schema.isClosed, !schema.fieldNames.contains(entry.key) {
                let near = nearestName(to: entry.key, in: schema.fieldNames)
                faults.append(
                    Fault(
                        place: entry.place,
                        message: "field '\(field)' is not known to the server",
                        hint: near.map { "did you mean '\($0)'?" } ?? "remove it",
                    )
                )
            }
        }
        guard let items = schema.items else { return }
        for (index, item) in (node.sequence ?? []).enumerated() {
            check(item, items, at: "\(path)[\(index)]")
        }
    }

    /// The expected type in words, if a value is of another.
    private static func mismatch(_ node: Node, _ schema: Schema) -> String? {
        switch (schema.expectation, node.content) {
        case (.string, .string(let text)) where schema.isBase64:
            (try? Base64.decode(text)) == nil ? "base64" : nil
        case (.anything, _), (_, .null), (.string, .string), (.number, .number), (.boolean, .boolean),
            (.list, .sequence), (.mapping, .mapping):
            nil
        case (.integer, .number(let number)):
            number.json.contains(where: { ".eE".contains($0) }) ? "a whole number" : nil
        case (.string, _): "a string"
        case (.number, _): "a number"
        case (.integer, _): "a whole number"
        case (.boolean, _): "true or false"
        case (.list, _): "a list"
        case (.mapping, _): "a mapping"
        }
    }

    /// How a value would be written that must not be shown.
    private static func secretHint(_ schema: Schema) -> String? {
        guard schema.expectation == .string else { return nil }
        return schema.isBase64 ? "encode it with 'base64 -w0', or move it to 'stringData'" : "write it in quotes"
    }

    /// How the value would be written, where that is plain.
    private static func rewriting(_ node: Node, as schema: Schema) -> String? {
        switch (schema.expectation, node.content) {
        case (.string, .string) where schema.isBase64: "encode it with 'base64 -w0'"
        case (.string, .number(let number)): "write it in quotes: '\"\(number.text)\"'"
        // What was written, such as `no`, is not known any more.
        case (.string, .boolean): "write it in quotes"
        case (.integer, .string(let text)) where Int(text) != nil: "write it without quotes: '\(text)'"
        case (.number, .string(let text)) where Double(text) != nil: "write it without quotes: '\(text)'"
        case (.boolean, .string(let text)) where ["true", "yes", "on", "1"].contains(text.lowercased()): "write 'true'"
        case (.boolean, .string(let text)) where ["false", "no", "off", "0"].contains(text.lowercased()):
            "write 'false'"
        case (.list, .string), (.list, .mapping), (.list, .number): "write it as a list item: '- …'"
        default: nil
        }
    }
}
