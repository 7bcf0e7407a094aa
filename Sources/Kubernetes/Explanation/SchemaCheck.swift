import Base
import YAML

/// The places where an object does not match its kind's schema: every unknown field and every wrong type.
///
/// A server reports only the first fault of each branch, and without a location.
struct SchemaCheck {
    struct Fault: Equatable {
        var location: SourceLocation
        var message: String
        var hint: String?
    }

    private(set) var faults: [Fault] = []

    let type: GroupVersionKind
    let rules: Rules

    /// The paths of fields whose names indicate secret values.
    private var secretPaths: Set<String> = []

    /// Checks an object, or the part of an object at a path.
    init(
        _ object: Node,
        of type: GroupVersionKind,
        against schema: Schema,
        rules: Rules = .types,
        at path: String = "",
    ) {
        self.type = type
        self.rules = rules
        check(object, schema, at: path)
    }

    mutating func addFault(at location: SourceLocation, _ message: String, hint: String? = nil) {
        faults.append(Fault(location: location, message: message, hint: hint))
    }

    /// Formats a value for a message.
    func shownValue(_ node: Node, at path: String) -> ShownValue {
        ShownValue(node, isSecret(path))
    }

    private func isSecret(_ path: String) -> Bool {
        secretPaths.contains(path) || ShownValue.isSecret(path, of: type)
    }

    private mutating func check(_ node: Node, _ schema: Schema, at path: String) {
        guard !node.isNull else { return }
        if schema.isQuantity {
            if let problem = Quantities.problem(of: node, path) {
                addFault(at: node.location, problem.message, hint: problem.hint)
            }
            return
        }
        if let expected = Self.mismatch(node, schema) {
            let isSecret = isSecret(path)
            let found = ShownValue.withType(node, isSecret: isSecret)
            faults.append(
                Fault(
                    location: node.location,
                    message: "\(FieldPath(path).name): expected \(expected), found \(found)",
                    hint: isSecret ? Self.secretHint(schema) : Self.rewriting(node, as: schema),
                )
            )
            return
        }
        if rules != .types { checkConstraints(node, schema, at: path) }
        for entry in node.mapping?.entries ?? [] where !isSkipped(entry.key, schema, at: path) {
            let field = path.isEmpty ? entry.key : "\(path).\(entry.key)"
            if let fieldSchema = schema.field(entry.key) {
                // A boolean such as `automountServiceAccountToken` is no secret.
                if fieldSchema.expectation == .string, let mapping = node.mapping,
                    MaskedObjects.isSecret(entry, in: mapping)
                {
                    secretPaths.insert(field)
                }
                check(entry.value, fieldSchema, at: field)
            } else if rules.refusesUnknownFields, schema.isClosed, !schema.fieldNames.contains(entry.key) {
                let near = nearestName(to: entry.key, in: schema.fieldNames)
                faults.append(
                    Fault(
                        location: entry.location,
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

    /// Returns the name of the expected type, `nil` if the value has that type.
    private static func mismatch(_ node: Node, _ schema: Schema) -> String? {
        switch (schema.expectation, node.content) {
        case (.string, .string(let text)) where schema.isBase64:
            (try? Base64.decode(text)) == nil ? "base64" : nil
        case (.anything, _), (_, .null), (.string, .string), (.number, .number), (.boolean, .boolean),
            (.list, .sequence), (.mapping, .mapping):
            nil
        case (.integer, .number(let number)):
            number.json.contains(where: { ".eE".contains($0) }) ? "an integer" : nil
        case (.string, _): "a string"
        case (.number, _): "a number"
        case (.integer, _): "an integer"
        case (.boolean, _): "true or false"
        case (.list, _): "a list"
        case (.mapping, _): "a mapping"
        }
    }

    /// Returns a hint on how to write a value that must not be shown.
    private static func secretHint(_ schema: Schema) -> String? {
        guard schema.expectation == .string else { return nil }
        return schema.isBase64 ? "encode it with 'base64 -w0', or move it to 'stringData'" : "write it in quotes"
    }

    /// Returns a hint on how to write the value, `nil` if that is not clear.
    private static func rewriting(_ node: Node, as schema: Schema) -> String? {
        switch (schema.expectation, node.content) {
        case (.string, .string) where schema.isBase64: "encode it with 'base64 -w0'"
        case (.string, .number(let number)): "write it in quotes: '\"\(number.text)\"'"
        // The node no longer has the original text, such as `no`.
        case (.string, .boolean): "write it in quotes"
        case (.integer, .string(let text)) where Int(text) != nil: "remove the quotes: '\(text)'"
        case (.number, .string(let text)) where Double(text) != nil: "remove the quotes: '\(text)'"
        case (.boolean, .string(let text)) where ["true", "yes", "on", "1"].contains(text.lowercased()): "write 'true'"
        case (.boolean, .string(let text)) where ["false", "no", "off", "0"].contains(text.lowercased()):
            "write 'false'"
        case (.list, .string), (.list, .mapping), (.list, .number): "write it as a list item: '- …'"
        default: nil
        }
    }
}
