import Base
import YAML

/// Items of a list that have the same keys, which server-side apply refuses.
enum ListKeys {
    /// A list whose items are distinguished by some of their fields.
    struct Rule {
        var list: String
        var keys: [String]
        /// The values of keys that may be left out.
        var defaults: [String: String] = [:]
    }

    private static let ports = Rule(list: "ports", keys: ["containerPort", "protocol"], defaults: ["protocol": "TCP"])
    private static let podRules = [
        Rule(list: "volumes", keys: ["name"]), Rule(list: "imagePullSecrets", keys: ["name"]),
        Rule(list: "hostAliases", keys: ["ip"]), Rule(list: "resourceClaims", keys: ["name"]),
        Rule(list: "topologySpreadConstraints", keys: ["topologyKey", "whenUnsatisfiable"]),
        Rule(list: "initContainers", keys: ["name"]), Rule(list: "containers", keys: ["name"]),
        Rule(list: "ephemeralContainers", keys: ["name"]),
    ]
    private static let containerRules = [
        Rule(list: "env", keys: ["name"]), ports, Rule(list: "volumeMounts", keys: ["mountPath"]),
        Rule(list: "volumeDevices", keys: ["devicePath"]),
    ]

    static func problems(_ manifest: ManifestObject) -> [Problem] {
        let type = manifest.identity.type
        var problems: [Problem] = []
        switch (type.group, type.kind) {
        case ("", "Service"):
            let rule = Rule(list: "ports", keys: ["port", "protocol"], defaults: ["protocol": "TCP"])
            problems += manifest.root["spec"].map { check($0, "spec", rule) } ?? []
        case ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
            ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"):
            problems += check(manifest.root, "", Rule(list: "webhooks", keys: ["name"]))
        default: break
        }
        guard let pod = PodTemplate(manifest) else { return problems }
        problems += podRules.flatMap { check(pod.spec, pod.path, $0) }
        for container in pod.containers {
            problems += containerRules.flatMap { check(container.node, container.path, $0) }
        }
        return problems
    }

    private static func check(_ parent: Node, _ path: String, _ rule: Rule) -> [Problem] {
        guard let items = parent[rule.list]?.sequence else { return [] }
        return repetitions(in: items, path.isEmpty ? rule.list : "\(path).\(rule.list)", rule)
    }

    /// Finds the items of a list that have the keys of an earlier one.
    static func repetitions(in items: [Node], _ field: String, _ rule: Rule) -> [Problem] {
        guard items.count > 1 else { return [] }
        var first: [[String]: SourceLocation] = [:]
        return items.compactMap { item in
            var values: [String] = []
            for key in rule.keys {
                guard
                    let value = item[key].map({ String(decoding: $0.json(), as: UTF8.self) })
                        ?? rule.defaults[key].map({ "\"\($0)\"" })
                else { return nil }
                values.append(value)
            }
            guard let earlier = first[values] else {
                first[values] = item.location
                return nil
            }
            let keys = zip(rule.keys, values).map { "\($0)=\($1)" }.joined(separator: ",")
            return Problem(
                "field '\(field)' has more than one item [\(keys)], the first at \(earlier)",
                at: item.location,
                hint: "remove one of them",
            )
        }
    }
}
