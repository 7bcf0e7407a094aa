import Base
import YAML

/// Checks of a schema's requirements other than the types of values.
extension SchemaCheck {
    /// Checks a value that has the type of its schema.
    mutating func checkConstraints(_ node: Node, _ schema: Schema, at path: String) {
        checkEnumeration(node, schema, at: path)
        if rules != .served { checkRequired(node, schema, at: path) }
        if case .number(let number) = node.content { checkSize(number, node, schema, at: path) }
        guard rules.isCustomResource else { return }
        switch node.content {
        case .string(let text): checkText(text, node, schema, at: path)
        case .number(let number): checkNumber(number, node, schema, at: path)
        case .sequence(let items): checkItems(items, node, schema, at: path)
        case .mapping(let mapping):
            checkCount(mapping.entries.count, "Properties", "keys", node, schema, at: path)
        case .null, .boolean: break
        }
        checkAlternatives(node, schema, at: path)
    }

    private mutating func checkEnumeration(_ node: Node, _ schema: Schema, at path: String) {
        guard let values = schema.node["enum"]?.sequence, !values.contains(node) else { return }
        // In a built-in kind, an empty string means the default.
        if !rules.isCustomResource, node.string == "" { return }
        let names = values.compactMap(\.string)
        let shown = values.prefix(12).map { "\(ShownValue($0))" }.joined(separator: ", ")
        let rest = values.count > 12 ? " and \(values.count - 12) more" : ""
        let near = node.string.flatMap { nearestName(to: $0, in: names) }
        addFault(
            at: node.location,
            "\(FieldPath(path).name): expected one of \(shown)\(rest), found \(shownValue(node, at: path))",
            hint: near.map { "did you mean '\($0)'?" },
        )
    }

    private mutating func checkRequired(_ node: Node, _ schema: Schema, at path: String) {
        guard let mapping = node.mapping, let required = schema.node["required"]?.sequence,
            !StructureHint.isNamedValue(mapping, schema)
        else { return }
        let unknown = mapping.entries.map(\.key).filter { schema.field($0) == nil }
        // A misspelt field is reported once.
        let misspelt = unknown.compactMap { nearestName(to: $0, in: schema.fieldNames) }
        for key in required.compactMap(\.string) where isMissing(mapping[key]) && !misspelt.contains(key) {
            // The server applies defaults before it validates. Fields that every object has are checked elsewhere.
            guard schema.node["properties"]?[key]?["default"] == nil, !isSkipped(key, schema, at: path) else {
                continue
            }
            let field = path.isEmpty ? key : "\(path).\(key)"
            if let empty = mapping.entries.first(where: { $0.key == key }) {
                addFault(.missingField, at: empty.location, "field '\(field)' has no value", hint: "write one")
            } else {
                addFault(.missingField, at: node.location, "field '\(field)' is missing", hint: "write '\(key):' in it")
            }
        }
    }

    /// Returns whether a required field is not there; a server drops a field of a built-in kind that is `null`.
    private func isMissing(_ value: Node?) -> Bool {
        guard let value else { return true }
        return value.isNull && !rules.isCustomResource
    }

    private mutating func checkText(_ text: String, _ node: Node, _ schema: Schema, at path: String) {
        let count = text.unicodeScalars.count
        if let limit = schema.node["maxLength"]?.integer, count > limit {
            addFault(at: node.location, "\(FieldPath(path).name): expected at most \(limit) characters, found \(count)")
        }
        if let limit = schema.node["minLength"]?.integer, count < limit {
            let message =
                "\(FieldPath(path).name): expected at least \(limit) character\(limit == 1 ? "" : "s"), found \(count)"
            addFault(at: node.location, message)
        }
        if let pattern = schema.node["pattern"]?.string, let compiled = Pattern(pattern), !compiled.matches(text) {
            let shown = shownValue(node, at: path)
            addFault(
                at: node.location,
                "\(FieldPath(path).name): expected a string that matches '\(pattern)', found \(shown)"
            )
        }
    }

    private mutating func checkNumber(_ number: Number, _ node: Node, _ schema: Schema, at path: String) {
        guard let value = Double(number.json) else { return }
        let name = FieldPath(path).name
        if let limit = schema.node["minimum"], let minimum = limit.double {
            let isExclusive = schema.node["exclusiveMinimum"]?.boolean == true
            if value < minimum || isExclusive && value == minimum {
                addFault(
                    at: node.location,
                    "\(name): expected \(isExclusive ? "more than" : "at least") \(ShownValue(limit)), found \(number.text)"
                )
            }
        }
        if let limit = schema.node["maximum"], let maximum = limit.double {
            let isExclusive = schema.node["exclusiveMaximum"]?.boolean == true
            if value > maximum || isExclusive && value == maximum {
                addFault(
                    at: node.location,
                    "\(name): expected \(isExclusive ? "less than" : "at most") \(ShownValue(limit)), found \(number.text)"
                )
            }
        }
    }

    private mutating func checkSize(_ number: Number, _ node: Node, _ schema: Schema, at path: String) {
        guard let value = Double(number.json), schema.expectation == .integer, schema.node["format"]?.string == "int32",
            value > 2_147_483_647 || value < -2_147_483_648
        else { return }
        addFault(at: node.location, "\(FieldPath(path).name): expected an integer of 32 bits, found \(number.text)")
    }

    private mutating func checkItems(_ items: [Node], _ node: Node, _ schema: Schema, at path: String) {
        checkCount(items.count, "Items", "items", node, schema, at: path)
        switch schema.node["x-kubernetes-list-type"]?.string {
        case "map":
            let keys = (schema.node["x-kubernetes-list-map-keys"]?.sequence ?? []).compactMap(\.string)
            let properties = schema.node["items"]?["properties"]
            let defaults = keys.compactMap { key in (properties?[key]?["default"]?.string).map { (key, $0) } }
            let repetitions = ListKeys.repetitions(
                in: items,
                path,
                keys: keys,
                defaults: Dictionary(defaults, uniquingKeysWith: { $1 })
            )
            for problem in repetitions {
                addFault(problem.code, at: problem.location ?? node.location, problem.message, hint: problem.hint)
            }
        case "set":
            var seen: Set<Node> = []
            for item in items where !seen.insert(item).inserted {
                let message = "\(FieldPath(path).name) has \(shownValue(item, at: path)) more than once"
                addFault(.repeatedItem, at: item.location, message, hint: "remove one of them")
            }
        default: break
        }
    }

    private mutating func checkCount(
        _ count: Int,
        _ suffix: String,
        _ noun: String,
        _ node: Node,
        _ schema: Schema,
        at path: String
    ) {
        if let limit = schema.node["max\(suffix)"]?.integer, count > limit {
            addFault(at: node.location, "\(FieldPath(path).name): expected at most \(limit) \(noun), found \(count)")
        }
        if let limit = schema.node["min\(suffix)"]?.integer, count < limit {
            addFault(at: node.location, "\(FieldPath(path).name): expected at least \(limit) \(noun), found \(count)")
        }
    }

    private mutating func checkAlternatives(_ node: Node, _ schema: Schema, at path: String) {
        let hasAlternatives = ["allOf", "anyOf", "oneOf", "not"].contains { schema.node[$0] != nil }
        // In an int-or-string schema, the only alternatives are these two types.
        let isIntOrString = schema.node["x-kubernetes-int-or-string"]?.boolean == true
        guard hasAlternatives else { return }
        let node = schema.withDefaults(node)
        for part in schema.node["allOf"]?.sequence ?? [] where !isIntOrString {
            for fault in faults(of: node, against: part, at: path) where !faults.contains(fault) {
                addFault(fault.code, at: fault.location, fault.message, hint: fault.hint)
            }
        }
        for (key, isExact) in [("anyOf", false), ("oneOf", true)] where !isIntOrString {
            guard let parts = schema.node[key]?.sequence, !parts.isEmpty else { continue }
            let matching = parts.filter { faults(of: node, against: $0, at: path).isEmpty }
            if matching.isEmpty {
                addFault(at: node.location, "\(FieldPath(path).name): \(Self.requirement(of: parts))")
            } else if isExact, matching.count > 1, let names = Self.requiredNames(of: matching) {
                // Alternatives without `required` may differ in parts that are not checked, such as a format.
                addFault(at: node.location, "\(FieldPath(path).name): \(names) exclude each other")
            }
        }
        if let part = schema.node["not"], part["required"] != nil || part["enum"] != nil,
            faults(of: node, against: part, at: path).isEmpty
        {
            let names = (part["required"]?.sequence ?? []).compactMap(\.string).map { "'\($0)'" }
            let which =
                names.isEmpty
                ? "has a value that its schema excludes" : "must not have \(names.joined(separator: " with "))"
            addFault(at: node.location, "\(FieldPath(path).name) \(which)")
        }
    }

    private func faults(of node: Node, against part: Node, at path: String) -> [Fault] {
        let schema = Schema(node: part, name: "", definitions: .none)
        return SchemaCheck(node, of: type, against: schema, rules: .alternative, at: path).faults
    }

    /// Describes the requirement of alternatives, with field names if each alternative only requires fields.
    private static func requirement(of parts: [Node]) -> String {
        requiredNames(of: parts).map { "one of \($0) is required" } ?? "matches none of the alternatives of its schema"
    }

    private static func requiredNames(of parts: [Node]) -> String? {
        let lists = parts.map { ($0["required"]?.sequence ?? []).compactMap(\.string) }
        guard lists.allSatisfy({ !$0.isEmpty }) else { return nil }
        return lists.map { $0.map { "'\($0)'" }.joined(separator: " with ") }.joined(separator: ", ")
    }
}

extension Node {
    fileprivate var double: Double? {
        if case .number(let number) = content { Double(number.json) } else { nil }
    }
}

/// The parts of a schema that are checked.
extension SchemaCheck {
    /// The checks in addition to the types of values.
    enum Rules: Equatable {
        /// Unknown fields.
        case types
        /// Unknown fields and the values of enumerations: what holds in the document of a server.
        ///
        /// It does not say which of the required fields the server fills in.
        case served
        /// The checks of `served`, and required fields, by the schemas that are part of the program.
        ///
        /// The version is that of the server, if it is known.
        case builtIn(KubernetesVersion?)
        /// Everything that a CustomResourceDefinition can specify, except rules in CEL.
        case customResource(keepsUnknown: Bool, hasStatusSubresource: Bool)
        /// The checks of `customResource`, for a part of a schema that only adds conditions.
        case alternative

        /// Whether all conditions of a CustomResourceDefinition's schema are checked, except rules in CEL.
        var isCustomResource: Bool {
            switch self {
            case .types, .served, .builtIn: false
            case .customResource, .alternative: true
            }
        }

        /// Whether a field that the schema does not have is a fault.
        var refusesUnknownFields: Bool {
            switch self {
            case .types, .served, .builtIn: true
            case .customResource(let keepsUnknown, _): !keepsUnknown
            case .alternative: false
            }
        }
    }

    /// Returns whether a field is not checked against its schema.
    func isSkipped(_ key: String, _ schema: Schema, at path: String) -> Bool {
        guard rules.isCustomResource else {
            // A server takes the status of an object from its controllers only.
            return path.isEmpty && key == "status" && rules != .types
        }
        let isObject = path.isEmpty || schema.isEmbeddedObject
        if isObject, ["apiVersion", "kind", "metadata"].contains(key) { return true }
        // The server ignores the status in the object if the kind has a status subresource.
        if case .customResource(_, true) = rules { return path.isEmpty && key == "status" }
        return false
    }
}
