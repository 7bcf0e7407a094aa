import Base
import YAML

/// Placeholders of templates that nothing has replaced, such as `{{ name }}`, `${NAME}` and `<NAME>`.
///
/// Some values contain such characters on purpose: texts of ConfigMaps, annotations, arguments of programs. In custom
/// resources, only the parts that every object has are looked at.
struct Placeholders {
    /// A placeholder, with its problem.
    private struct Finding {
        let text: String
        let problem: Problem
    }

    /// The placeholders in values that can never be meant so.
    private var certain: [Finding] = []

    /// The placeholders in other values.
    private var likely: [Finding] = []

    init(_ manifest: ManifestObject) {
        let isBuiltIn = !KubernetesSchemas.own.versions(of: manifest.identity.type).isEmpty
        let isWhole = isBuiltIn && !manifest.identity.isCustomResourceDefinition
        for entry in manifest.root.mapping?.entries ?? []
        where entry.key == "metadata" || isWhole && entry.key != "status" {
            check(entry, in: nil, at: entry.key)
        }
    }

    /// Joins the placeholders with the other problems of the object, which may follow from them.
    ///
    /// - Parameter others: The problems that other rules have found.
    /// - Returns: The errors and the warnings. A placeholder is an error if its value is a name, or another rule refuses it.
    func joined(with others: [Problem]) -> (problems: [Problem], warnings: [Problem]) {
        guard !certain.isEmpty || !likely.isEmpty else { return (others, []) }
        let wrongPlaces = Set(others.compactMap(\.location))
        let isRefused = { (finding: Finding) in finding.problem.location.map(wrongPlaces.contains) ?? false }
        let errors = certain + likely.filter(isRefused)
        let places = Set(errors.compactMap(\.problem.location))
        let rest = others.filter { problem in
            let isSamePlace = problem.location.map(places.contains) ?? false
            return !isSamePlace && !errors.contains { (problem.message + (problem.hint ?? "")).contains($0.text) }
        }
        return (errors.map(\.problem) + rest, likely.filter { !isRefused($0) }.map(\.problem))
    }

    /// The fields whose values may contain anything.
    private static let free: Set = [
        "annotations", "args", "attributes", "binaryData", "caBundle", "command", "data", "description", "env",
        "expression", "managedFields", "message", "messageExpression", "options", "parameters", "reason", "status",
        "stringData", "subPathExpr", "valueExpression", "volumeAttributes",
    ]

    /// The fields whose values, or the values below them, are names, addresses or amounts.
    private static let names: Set = [
        "apiVersion", "capacity", "claimName", "clusterIP", "externalIPs", "externalName", "hard", "host", "hostname",
        "hosts", "image", "ingressClassName", "ip", "kind", "labels", "limits", "loadBalancerIP", "matchLabels", "name",
        "namespace", "nodeName", "nodeSelector", "podSelector", "priorityClassName", "requests", "resourceNames",
        "runtimeClassName", "schedulerName", "secretName", "selector", "serviceAccount", "serviceAccountName",
        "serviceName", "storageClassName", "subdomain", "verbs", "volumeName",
    ]

    /// Checks a field.
    ///
    /// - Parameters:
    ///   - entry: The field.
    ///   - parent: The field around it.
    ///   - path: Its path.
    private mutating func check(_ entry: Mapping.Entry, in parent: String?, at path: String) {
        if let found = TextPlaceholder(in: entry.key) {
            let subject = "key \(ShownValue(.string(entry.key))) of '\(path.dropLast(entry.key.count + 1))'"
            certain.append(finding(found, subject, entry.location))
        }
        if parent == "env" || !Self.free.contains(entry.key) {
            let isBelowNames = parent.map(Self.names.contains) ?? false
            check(entry.value, entry.key, isName: Self.names.contains(entry.key) || isBelowNames, at: path)
        }
    }

    private mutating func check(_ node: Node, _ key: String, isName: Bool, at path: String) {
        switch node.content {
        case .string(let text):
            guard let found = TextPlaceholder(in: text, at: isName ? .name : .value) else { return }
            let finding = finding(found, "field '\(path)'", node.location)
            if isName { certain.append(finding) } else { likely.append(finding) }
        case .sequence(let items):
            for (index, item) in items.enumerated() { check(item, key, isName: isName, at: "\(path)[\(index)]") }
        case .mapping(let mapping):
            for entry in mapping.entries { check(entry, in: key, at: "\(path).\(entry.key)") }
        case .null, .boolean, .number: break
        }
    }

    private func finding(_ found: TextPlaceholder, _ subject: String, _ location: SourceLocation) -> Finding {
        Finding(
            text: String(found.text),
            problem: Problem(
                .unresolvedVariable,
                "\(subject) contains '\(found.text)', which nothing has replaced",
                at: location,
                hint: Self.hint(found)
            )
        )
    }

    /// Returns what to do about a placeholder.
    static func hint(_ found: TextPlaceholder) -> String {
        if [".Values", ".Release", ".Chart"].contains(where: { found.text.contains($0) }) {
            return "write the result of 'helm template NAME CHART' to the file, or the value in its place"
        }
        guard let tool = found.tool else { return "write the value in its place" }
        let isVariable = found.text.hasPrefix("${") && !found.name.contains { ":-=".contains($0) }
        return isVariable
            ? "write the value in its place, or '\(found.name): VALUE' in 'variables:' and 'substitute: true' in the task's 'apply:'"
            : "write the value in its place, or the result of \(tool) to the file"
    }
}
