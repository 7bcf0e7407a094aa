import Base
import YAML

/// Names in the rules of roles that look misspelt, or that belong to another API group.
///
/// The server accepts any name, and the rule then allows nothing. Custom resources may have any name, so findings are
/// warnings, and only about the groups of Kubernetes itself.
enum AccessRuleNames {
    /// The resources of each group of Kubernetes.
    private static let resources: [String: Set<String>] = {
        let names = ResourceNames([])
        return KubernetesSchemas.own.types.reduce(into: [:]) { known, type in
            known[type.group, default: []].insert(names.resource(of: type))
        }
    }()

    private static let verbs = [
        "get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "use", "bind", "escalate",
        "impersonate", "approve", "sign", "attest",
    ]

    static func warnings(_ manifest: ManifestObject) -> [Problem] {
        let type = manifest.identity.type
        guard type.group == "rbac.authorization.k8s.io", ["Role", "ClusterRole"].contains(type.kind) else { return [] }
        let rules = manifest.root["rules"]
        return aggregation(in: manifest.root, rules) + (rules?.sequence ?? []).flatMap(warnings(ofRule:))
    }

    /// Warns about rules that a controller replaces by those of other roles.
    private static func aggregation(in role: Node, _ rules: Node?) -> [Problem] {
        guard role["aggregationRule"]?.mapping != nil, let rules, rules.sequence?.isEmpty == false else { return [] }
        return [
            Problem(
                .wrongFieldValue,
                "a controller writes 'rules' of a ClusterRole with 'aggregationRule'",
                at: rules.location,
                hint:
                    "remove 'rules'; put rules of your own into a ClusterRole with the labels that 'aggregationRule' selects"
            )
        ]
    }

    /// Warns about a group with a version, with which a rule allows nothing.
    private static func version(in group: String, _ location: SourceLocation) -> Problem? {
        let parts = group.split(separator: "/", omittingEmptySubsequences: false)
        let isVersion = parts.last?.wholeMatch(of: /v[0-9]+((alpha|beta)[0-9]+)?/) != nil
        guard isVersion, parts.count <= 2 else { return nil }
        let name = parts.count == 2 ? String(parts[0]) : "\"\""
        return Problem(
            .danglingReference,
            "'\(group)' is no API group: a group has no version",
            at: location,
            hint: "write '\(name)'"
        )
    }

    private static func warnings(ofRule rule: Node) -> [Problem] {
        let groups = texts(rule["apiGroups"])
        var warnings = groups.compactMap { item -> Problem? in
            guard resources[item.text] == nil, item.text != "*" else { return nil }
            if let problem = version(in: item.text, item.location) { return problem }
            let near = nearestName(to: item.text, in: resources.keys.filter { !$0.isEmpty }.sorted())
            return near.map { warning("there is no API group '\(item.text)' in Kubernetes", $0, item.location) }
        }
        warnings += texts(rule["verbs"]).compactMap { item in
            guard !verbs.contains(item.text), item.text != "*" else { return nil }
            let near = nearestName(to: item.text, in: verbs)
            return near.map { warning("there is no verb '\(item.text)'", $0, item.location) }
        }
        guard !groups.isEmpty, groups.allSatisfy({ resources[$0.text] != nil }) else { return warnings }
        let known = groups.reduce(into: Set<String>()) { $0.formUnion(resources[$1.text] ?? []) }
        let names = groups.map { "'\($0.text)'" }.joined(separator: " and ")
        return warnings
            + texts(rule["resources"]).compactMap { item in
                let resource = String(item.text.prefix { $0 != "/" })
                guard !known.contains(resource), resource != "*" else { return nil }
                let message = "API group \(names) has no resource '\(resource)'"
                if let owner = resources.keys.filter({ resources[$0]?.contains(resource) == true }).sorted().first {
                    let hint = "write apiGroups: [\(owner.isEmpty ? "\"\"" : owner)] in a rule for it"
                    return Problem(.danglingReference, message, at: item.location, hint: hint)
                }
                return nearestName(to: resource, in: known.sorted()).map { warning(message, $0, item.location) }
            }
    }

    private static func warning(_ message: String, _ near: String, _ location: SourceLocation) -> Problem {
        Problem(.danglingReference, message, at: location, hint: "did you mean '\(near)'?")
    }

    private static func texts(_ node: Node?) -> [(text: String, location: SourceLocation)] {
        (node?.sequence ?? []).compactMap { item in item.string.map { ($0, item.location) } }
    }
}
