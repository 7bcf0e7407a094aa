import Base
import YAML

/// Conditions of roles and their bindings that the schema of their kinds does not have.
///
/// Source: `ValidatePolicyRule`, `ValidateRoleBinding` and `ValidateRoleBindingSubject` in
/// https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/rbac/validation/validation.go
enum AccessRules {
    private static let group = "rbac.authorization.k8s.io"

    static func problems(_ manifest: ManifestObject) -> [Problem] {
        let type = manifest.identity.type
        guard type.group == group else { return [] }
        switch type.kind {
        case "Role", "ClusterRole":
            let rules = manifest.root["rules"]?.sequence ?? []
            return rules.enumerated().flatMap { index, rule in
                rule.mapping == nil
                    ? [] : problems(of: rule, "rules[\(index)]", isOfCluster: type.kind == "ClusterRole")
            }
        case "RoleBinding", "ClusterRoleBinding":
            let kinds = type.kind == "RoleBinding" ? ["ClusterRole", "Role"] : ["ClusterRole"]
            let subjects = (manifest.root["subjects"]?.sequence ?? []).enumerated()
            return problems(ofReference: manifest.root["roleRef"], kinds: kinds)
                + subjects.flatMap {
                    problems(ofSubject: $1, "subjects[\($0)]", isOfCluster: type.kind == "ClusterRoleBinding")
                }
        default: return []
        }
    }

    /// The fields of a rule, and what to write if they are missing.
    private static let advice = [
        "apiGroups":
            "write 'apiGroups: [\"\"]' for Pods, Secrets and others of the core group, or the group of the resources",
        "nonResourceURLs": "write URLs such as 'nonResourceURLs: [/metrics]'",
        "resourceNames": "write names of objects",
        "resources": "write the resources in plural, such as 'resources: [pods]'",
        "verbs": "write what is allowed, such as 'verbs: [get, list, watch]'",
    ]

    private static func problems(of rule: Node, _ path: String, isOfCluster: Bool) -> [Problem] {
        let entries = rule.mapping?.entries ?? []
        // A misspelt field is reported as an unknown one.
        let misspelt = entries.map(\.key).filter { advice[$0] == nil }.compactMap {
            nearestName(to: $0, in: advice.keys.sorted())
        }
        func isEmpty(_ field: String) -> Bool {
            !misspelt.contains(field) && (rule[field].map { $0.isNull || $0.sequence?.isEmpty == true } ?? true)
        }
        func missing(_ field: String) -> Problem? {
            let entry = entries.first { $0.key == field }
            // The schema requires `verbs`.
            guard isEmpty(field), field != "verbs" || entry?.value.isNull == false else { return nil }
            return Problem(
                .missingField,
                "field '\(path).\(field)' is \(entry == nil ? "missing" : "empty")",
                at: entry?.location ?? rule.location,
                hint: advice[field]
            )
        }
        guard let urls = rule["nonResourceURLs"], !isEmpty("nonResourceURLs") else {
            return ["apiGroups", "resources", "verbs"].compactMap(missing)
        }
        let others = ["apiGroups", "resources", "resourceNames"].filter { field in rule[field] != nil && !isEmpty(field)
        }
        let (reason, hint) =
            switch others.first {
            case _ where !isOfCluster:
                (
                    "is only allowed in a ClusterRole, because URLs are in no namespace",
                    "write 'kind: ClusterRole', or remove it"
                )
            case let other?: ("and '\(other)' are in the same rule", "write a rule of its own for the URLs")
            case nil: ("", "")
            }
        let conflict = Problem(
            .wrongFieldValue,
            "field '\(path).nonResourceURLs' \(reason)",
            at: urls.location,
            hint: hint
        )
        return [missing("verbs"), reason.isEmpty ? nil : conflict].compactMap(\.self)
    }

    private static func problems(ofReference reference: Node?, kinds: [String]) -> [Problem] {
        // A ClusterRoleBinding cannot refer to a Role.
        let hint = kinds.contains("Role") ? nil : "name a ClusterRole, or write 'kind: RoleBinding' above"
        return oneOf(kinds, reference?["kind"], "roleRef.kind", hint: hint)
            + group(reference?["apiGroup"], "roleRef.apiGroup")
    }

    private static func problems(ofSubject subject: Node, _ path: String, isOfCluster: Bool) -> [Problem] {
        let kinds = ["Group", "ServiceAccount", "User"]
        let kind = oneOf(kinds, subject["kind"], "\(path).kind")
        guard let written = subject["kind"]?.string, let meant = nearestName(to: written, in: kinds) else {
            return kind
        }
        if meant != "ServiceAccount" { return kind + group(subject["apiGroup"], "\(path).apiGroup") }
        let groups = subject["apiGroup"].flatMap { apiGroup in
            apiGroup.string.flatMap { text in
                text.isEmpty
                    ? nil
                    : Problem(
                        .wrongFieldValue,
                        "field '\(path).apiGroup': ServiceAccounts are in the core group, found '\(text)'",
                        at: apiGroup.location,
                        hint: "remove it"
                    )
            }
        }
        let namespace = subject["namespace"]?.string ?? ""
        let misspelt = (subject.mapping?.entries ?? []).contains { entry in
            nearestName(to: entry.key, in: ["namespace"]) != nil && entry.key != "namespace"
        }
        // Without one, a RoleBinding means its own namespace.
        guard namespace.isEmpty, !misspelt, isOfCluster else { return kind + [groups].compactMap(\.self) }
        let missing = Problem(
            .missingField,
            "field '\(path).namespace' is missing, which a ServiceAccount needs in a ClusterRoleBinding",
            at: subject["namespace"]?.location ?? subject.location,
            hint: "write the namespace of the ServiceAccount"
        )
        return kind + [groups, missing].compactMap(\.self)
    }

    /// Returns the problem of another API group than that of roles; the server fills in one that is empty.
    private static func group(_ value: Node?, _ field: String) -> [Problem] {
        oneOf([group], value, field, hint: "write '\(group)'")
    }

    /// Returns the problem of a text that is not allowed, with the given hint if no allowed one is similar.
    private static func oneOf(_ allowed: [String], _ value: Node?, _ field: String, hint: String? = nil) -> [Problem] {
        guard let value, let text = value.string, !text.isEmpty, !allowed.contains(text) else { return [] }
        let near = nearestName(to: text, in: allowed)
        let shown = shortList(allowed.map { "'\($0)'" })
        return [
            Problem(
                .wrongFieldValue,
                "field '\(field)': expected \(allowed.count > 1 ? "one of " : "")\(shown), found '\(text)'",
                at: value.location,
                hint: near.map { "write '\($0)'" } ?? hint
            )
        ]
    }
}
