import Base
import YAML

/// The `matchExpressions` of selectors: each operator needs values, or allows none.
enum SelectorExpressions {
    /// The number of values that an operator needs.
    private enum Values {
        case noValue
        case oneValue
        case atLeastOne
    }

    private static let labelOperators: KeyValuePairs<String, Values> = [
        "In": .atLeastOne, "NotIn": .atLeastOne, "Exists": .noValue, "DoesNotExist": .noValue,
    ]

    /// The operators of node selectors: the operators of label selectors, and `Gt` and `Lt`, which compare numbers.
    private static let nodeOperators: KeyValuePairs<String, Values> = [
        "In": .atLeastOne, "NotIn": .atLeastOne, "Exists": .noValue, "DoesNotExist": .noValue, "Gt": .oneValue,
        "Lt": .oneValue,
    ]

    /// The fields whose selectors select nodes.
    private static let nodeFields: Set = ["nodeSelectorTerms", "preference"]

    /// The groups with only built-in kinds, in which every field `matchExpressions` is part of a selector.
    private static let groups =
        BuiltInKinds.groups + ["admissionregistration.k8s.io", "networking.k8s.io", "storage.k8s.io"]

    static func problems(_ manifest: ManifestObject) -> [Problem] {
        guard groups.contains(manifest.identity.type.group) else { return [] }
        var problems: [Problem] = []
        find(in: manifest.root, "", isOfNodes: false, &problems)
        return problems
    }

    private static func find(in node: Node, _ path: String, isOfNodes: Bool, _ problems: inout [Problem]) {
        switch node.content {
        case .sequence(let items):
            for (index, item) in items.enumerated() {
                find(in: item, "\(path)[\(index)]", isOfNodes: isOfNodes, &problems)
            }
        case .mapping(let mapping):
            // A scope selector has names of scopes in the place of keys, and the data of an object may have any content.
            for entry in mapping.entries where !["scopeSelector", "data"].contains(entry.key) {
                let path = path.isEmpty ? entry.key : "\(path).\(entry.key)"
                guard entry.key == "matchExpressions", let expressions = entry.value.sequence else {
                    find(in: entry.value, path, isOfNodes: nodeFields.contains(entry.key), &problems)
                    continue
                }
                for (index, expression) in expressions.enumerated() where expression.mapping != nil {
                    problems += self.problems(
                        expression,
                        "\(path)[\(index)]",
                        isOfNodes ? nodeOperators : labelOperators
                    )
                }
            }
        case .null, .string, .number, .boolean: break
        }
    }

    private static func problems(
        _ expression: Node,
        _ path: String,
        _ operators: KeyValuePairs<String, Values>,
    ) -> [Problem] {
        var problems: [Problem] = []
        let key = expression["key"]
        if !NameForm.qualified.matches(key?.string ?? "") {
            let found = key.map { "found \(ShownValue($0))" } ?? "found nothing"
            problems.append(
                Problem(
                    .wrongSelector,
                    "field '\(path).key': expected \(NameForm.qualified.expected), \(found)",
                    at: key?.location ?? expression.location
                )
            )
        }
        let written = expression["operator"]
        guard let (name, needed) = operators.first(where: { $0.key == written?.string }) else {
            let names = operators.map(\.key)
            let found = written.map { "found \(ShownValue($0))" } ?? "found nothing"
            let near = nearestName(to: written?.string ?? "", in: names).map { "did you mean '\($0)'?" }
            let message =
                "field '\(path).operator': expected \(names.map { "'\($0)'" }.joined(separator: ", ")), \(found)"
            return problems + [
                Problem(.wrongSelector, message, at: written?.location ?? expression.location, hint: near)
            ]
        }
        let values = expression["values"]
        if let fault = fault(of: values?.sequence?.count ?? 0, needed, name) {
            let hint = needed == .noValue ? "remove 'values'" : "write 'values: [VALUE]'"
            let location = values?.location ?? expression.location
            problems.append(Problem(.wrongSelector, "field '\(path).values': \(fault)", at: location, hint: hint))
        }
        return problems
    }

    private static func fault(of count: Int, _ needed: Values, _ name: String) -> String? {
        switch needed {
        case .noValue: count == 0 ? nil : "operator '\(name)' allows no values"
        case .oneValue: count == 1 ? nil : "operator '\(name)' needs exactly one value"
        case .atLeastOne: count > 0 ? nil : "operator '\(name)' needs at least one value"
        }
    }
}
