import Base
import YAML

/// List items that are equal or have the same keys, which servers refuse.
enum ListKeys {
    /// A list whose items are distinguished by some of their fields.
    struct Rule {
        let list: FieldPattern
        /// The fields that distinguish items; if empty, the items are scalars and must be unique.
        let keys: [String]
        /// The default values of keys that may be omitted.
        let defaults: [String: String]

        /// Creates a rule for a path such as `webhooks[].matchConditions`.
        init(list: String, keys: [String] = [], defaults: [String: String] = [:]) {
            self.list = FieldPattern(list)
            self.keys = keys
            self.defaults = defaults
        }
    }

    private static let metadataRules = [
        Rule(list: "metadata.finalizers"), Rule(list: "metadata.ownerReferences", keys: ["uid"]),
    ]

    private static let webhookRules = [
        Rule(list: "webhooks", keys: ["name"]), Rule(list: "webhooks[].matchConditions", keys: ["name"]),
    ]

    /// Lists of the built-in kinds except the lists of pods, from the OpenAPI document of Kubernetes 1.36.
    private static let rules: [String: [String: [Rule]]] = [
        "": [
            "Node": [Rule(list: "spec.podCIDRs")],
            "Service": [
                Rule(list: "spec.ports", keys: ["port", "protocol"], defaults: ["protocol": "TCP"]),
                Rule(list: "spec.ports", keys: ["name"]),
            ],
            "ServiceAccount": [Rule(list: "secrets", keys: ["name"])],
        ],
        "admissionregistration.k8s.io": [
            "MutatingAdmissionPolicy": [Rule(list: "spec.matchConditions", keys: ["name"])],
            "MutatingWebhookConfiguration": webhookRules,
            "ValidatingAdmissionPolicy": [
                Rule(list: "spec.matchConditions", keys: ["name"]), Rule(list: "spec.variables", keys: ["name"]),
            ],
            "ValidatingAdmissionPolicyBinding": [Rule(list: "spec.validationActions")],
            "ValidatingWebhookConfiguration": webhookRules,
        ],
        "batch": [
            "CronJob": [Rule(list: "spec.jobTemplate.spec.podFailurePolicy.rules[].onExitCodes.values")],
            "Job": [Rule(list: "spec.podFailurePolicy.rules[].onExitCodes.values")],
        ],
        "flowcontrol.apiserver.k8s.io": [
            "FlowSchema": ["apiGroups", "namespaces", "resources", "verbs"].map {
                Rule(list: "spec.rules[].resourceRules[].\($0)")
            } + ["nonResourceURLs", "verbs"].map { Rule(list: "spec.rules[].nonResourceRules[].\($0)") }
        ],
        "storage.k8s.io": [
            "CSIDriver": [Rule(list: "spec.volumeLifecycleModes")],
            "CSINode": [Rule(list: "spec.drivers", keys: ["name"])],
        ],
    ]

    private static let podRules = [
        Rule(list: "volumes", keys: ["name"]), Rule(list: "imagePullSecrets", keys: ["name"]),
        Rule(list: "hostAliases", keys: ["ip"]), Rule(list: "resourceClaims", keys: ["name"]),
        Rule(list: "topologySpreadConstraints", keys: ["topologyKey", "whenUnsatisfiable"]),
        Rule(list: "resources.claims", keys: ["name"]),
        Rule(list: "schedulingGates", keys: ["name"]), Rule(list: "initContainers", keys: ["name"]),
        Rule(list: "containers", keys: ["name"]), Rule(list: "ephemeralContainers", keys: ["name"]),
    ]

    private static let containerRules = [
        Rule(list: "env", keys: ["name"]),
        Rule(list: "ports", keys: ["containerPort", "protocol"], defaults: ["protocol": "TCP"]),
        Rule(list: "ports", keys: ["name"]),
        Rule(list: "volumeMounts", keys: ["mountPath"]), Rule(list: "volumeDevices", keys: ["devicePath"]),
        Rule(list: "resources.claims", keys: ["name"]),
        Rule(list: "restartPolicyRules[].exitCodes.values"),
    ]

    static func problems(_ manifest: ManifestObject) -> [Problem] {
        let type = manifest.identity.type
        var problems = metadataRules.flatMap { check(manifest.root, "", $0) }
        problems += rules[type.group]?[type.kind]?.flatMap { check(manifest.root, "", $0) } ?? []
        guard let pod = PodTemplate(manifest) else { return problems }
        problems += podRules.flatMap { check(pod.spec, pod.path, $0) }
        for container in pod.containers {
            problems += containerRules.flatMap { check(container.node, container.path, $0) }
        }
        return problems
    }

    /// Checks the lists of a rule below a node.
    private static func check(_ node: Node, _ path: String, _ rule: Rule) -> [Problem] {
        rule.list.fields(in: node, path).flatMap { path, list in
            repetitions(in: list.sequence ?? [], path, keys: rule.keys, defaults: rule.defaults)
        }
    }

    /// Finds the list items that have the same keys as an earlier item, or equal an earlier item if there are no keys.
    static func repetitions(
        in items: [Node],
        _ field: String,
        keys: [String],
        defaults: [String: String] = [:],
    ) -> [Problem] {
        guard items.count > 1 else { return [] }
        var first: [[String]: SourceLocation] = [:]
        return items.compactMap { item in
            var values: [String] = keys.isEmpty ? [text(item)] : []
            for key in keys {
                guard let value = item[key].map(text) ?? defaults[key].map({ "\"\($0)\"" }) else { return nil }
                values.append(value)
            }
            guard let earlier = first[values] else {
                first[values] = item.location
                return nil
            }
            let shown = keys.isEmpty ? values : zip(keys, values).map { "\($0)=\($1)" }
            return Problem(
                .repeatedItem,
                "field '\(field)' has more than one item [\(shown.joined(separator: ","))], the first at \(earlier)",
                at: item.location,
                hint: "remove one of them",
            )
        }
    }

    private static func text(_ node: Node) -> String { String(decoding: node.json(), as: UTF8.self) }
}
