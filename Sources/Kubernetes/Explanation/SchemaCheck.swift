import Base
import YAML

/// The places where an object does not match its kind's schema: every unknown field and every wrong type.
///
/// A server reports only the first fault of each branch, and without a location.
struct SchemaCheck {
    struct Fault: Equatable {
        var code: ProblemCode?
        var location: SourceLocation
        var message: String
        var hint: String?

        /// The fault as a problem of a file.
        var problem: Problem { Problem(code, message, at: location, hint: hint) }
    }

    private(set) var faults: [Fault] = []

    let type: GroupVersionKind
    let rules: Rules

    /// A mapping around the one that is checked, and the key in it that leads there.
    private struct Level {
        var schema: Schema
        var key: String
    }

    /// The mappings around the one that is checked, the outermost first.
    private var enclosing: [Level] = []

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

    mutating func addFault(
        _ code: ProblemCode? = .wrongFieldValue,
        at location: SourceLocation,
        _ message: String,
        hint: String? = nil,
    ) {
        faults.append(Fault(code: code, location: location, message: message, hint: hint))
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
                addFault(problem.code, at: node.location, problem.message, hint: problem.hint)
            }
            return
        }
        if let expected = Self.mismatch(node, schema) {
            let isSecret = isSecret(path)
            let found = ShownValue.withType(node, isSecret: isSecret)
            faults.append(
                Fault(
                    code: expected == "base64" ? .invalidBase64 : .wrongFieldType,
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
                enclosing.append(Level(schema: schema, key: entry.key))
                check(entry.value, fieldSchema, at: field)
                enclosing.removeLast()
            } else if rules.refusesUnknownFields, schema.isClosed, !schema.fieldNames.contains(entry.key) {
                faults.append(unknownField(entry, field, in: node.mapping ?? Mapping([]), schema))
            }
        }
        guard let items = schema.items else { return }
        for (index, item) in (node.sequence ?? []).enumerated() {
            check(item, items, at: "\(path)[\(index)]")
        }
    }

    /// Describes a field that the schema does not have.
    private func unknownField(_ entry: Mapping.Entry, _ field: String, in mapping: Mapping, _ schema: Schema) -> Fault {
        var fault = Fault(
            code: .unknownField,
            location: entry.location,
            message: "field '\(field)' is not known to the server"
        )
        if case .builtIn(let version) = rules {
            let others = KubernetesSchemas.own.versions(ofField: entry.key, in: schema.name)
            if let version, let first = others.first(where: { $0 > version }) {
                fault.message = "field '\(field)' exists since Kubernetes \(first)"
                fault.hint = "use Kubernetes \(first) or later, or remove it"
                return fault
            }
            if let version, let last = others.last(where: { $0 < version }) {
                fault.message = "field '\(field)' exists up to Kubernetes \(last) only"
            } else {
                fault.message = "field '\(field)' does not exist"
            }
        }
        if let moved = MovedFields.hint(for: entry.key, in: schema.name) {
            fault.hint = moved
        } else if let near = nearestName(to: entry.key, in: schema.fieldNames) {
            fault.hint = "did you mean '\(near)'?"
        } else {
            fault.hint =
                StructureHint.namedValue(entry, in: mapping, schema) ?? place(of: entry, in: mapping, schema)
                ?? "remove it"
        }
        return fault
    }

    /// Returns where a field belongs that was written too low or too high, or `nil` if that is not clear.
    private func place(of entry: Mapping.Entry, in mapping: Mapping, _ schema: Schema) -> String? {
        func fits(_ schema: Schema?) -> Bool {
            guard schema?.node["properties"]?[entry.key] != nil, let field = schema?.field(entry.key) else {
                return false
            }
            return Self.mismatch(entry.value, field) == nil
        }
        if let level = enclosing.last(where: { fits($0.schema) }) { return "move it up, beside '\(level.key)'" }
        let lower = schema.fieldNames.filter { name in
            let field = schema.field(name)
            return fits(field) || fits(field?.items)
        }
        let present = lower.filter { mapping[$0] != nil }
        let places = present.isEmpty ? lower : present
        return places.count == 1 ? "move it down, into '\(places[0])'" : nil
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
        case (.string, .boolean): "write it in quotes\(node.misleadingWord.map { ": '\"\($0)\"'" } ?? "")"
        case (.integer, .string(let text)) where Int(text) != nil: "remove the quotes: '\(text)'"
        case (.number, .string(let text)) where Double(text) != nil: "remove the quotes: '\(text)'"
        case (.boolean, .string(let text)) where ["true", "yes", "on", "1"].contains(text.lowercased()): "write 'true'"
        case (.boolean, .string(let text)) where ["false", "no", "off", "0"].contains(text.lowercased()):
            "write 'false'"
        default: StructureHint.text(for: node, as: schema)
        }
    }
}
