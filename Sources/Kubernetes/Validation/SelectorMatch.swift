import Base
import YAML

/// Selectors of workloads, which must match the labels of their own pods.
enum SelectorMatch {
    static func problems(_ manifest: ManifestObject) -> [Problem] {
        let (type, spec) = (manifest.identity.type, manifest.root["spec"])
        guard let pod = PodTemplate(manifest), let spec else { return [] }
        let labels = pod.labels
        switch (type.group, type.kind) {
        case ("apps", "DaemonSet"), ("apps", "Deployment"), ("apps", "ReplicaSet"), ("apps", "StatefulSet"):
            return requiredSelector(spec, labels)
        case ("batch", "Job") where spec["manualSelector"]?.boolean == true:
            return selector(spec["selector"], labels)
        case ("", "ReplicationController"):
            return matchLabels(spec["selector"], labels, "spec.selector")
        default: return []
        }
    }

    private static func requiredSelector(_ spec: Node, _ labels: Node?) -> [Problem] {
        let selector = spec["selector"]
        let isEmpty = ["matchLabels", "matchExpressions"].allSatisfy { key in
            (selector?[key]?.mapping?.entries.isEmpty ?? true) && (selector?[key]?.sequence?.isEmpty ?? true)
        }
        guard isEmpty else { return self.selector(selector, labels) }
        let pair = labels?.mapping?.entries.first.flatMap { entry in
            entry.value.string.map { "\(entry.key): \(YAMLScalar.written($0))" }
        }
        return [
            Problem(
                .wrongSelector,
                "field 'spec.selector' is \(selector == nil ? "missing" : "empty")",
                at: selector?.location ?? spec.location,
                hint: "write 'selector: {matchLabels: {\(pair ?? "app: NAME")}}' below 'spec:'",
            )
        ]
    }

    private static func selector(_ selector: Node?, _ labels: Node?) -> [Problem] {
        let expressions = (selector?["matchExpressions"]?.sequence ?? []).enumerated().compactMap { index, expression in
            unmatched(expression, labels, "spec.selector.matchExpressions[\(index)]")
        }
        return matchLabels(selector?["matchLabels"], labels, "spec.selector.matchLabels") + expressions
    }

    private static func matchLabels(_ selector: Node?, _ labels: Node?, _ path: String) -> [Problem] {
        (selector?.mapping?.entries ?? []).compactMap { entry in
            guard let wanted = entry.value.string, labels?[entry.key]?.string != wanted else { return nil }
            let found = labels?[entry.key].map { "have \(ShownValue($0))" } ?? "do not have it"
            return Problem(
                .wrongSelector,
                "field '\(path).\(entry.key)': the pods' labels \(found), so the selector does not match its own pods",
                at: entry.location,
                hint: "write '\(entry.key): \(YAMLScalar.written(wanted))' below 'labels:' of the template",
            )
        }
    }

    private static func unmatched(_ expression: Node, _ labels: Node?, _ path: String) -> Problem? {
        guard let key = expression["key"]?.string, let word = expression["operator"]?.string else { return nil }
        let value = labels?[key]?.string
        let values = (expression["values"]?.sequence ?? []).compactMap(\.string)
        let matches =
            switch word {
            case "In": value.map(values.contains) ?? false
            case "NotIn": value.map { !values.contains($0) } ?? true
            case "Exists": labels?[key] != nil
            case "DoesNotExist": labels?[key] == nil
            default: true
            }
        guard !matches else { return nil }
        let found = value.map { "have '\($0)'" } ?? "do not have it"
        return Problem(
            .wrongSelector,
            "field '\(path)': '\(key)' is not \(word == "Exists" ? "there" : "as required"): the pods' labels \(found), "
                + "so the selector does not match its own pods",
            at: expression.location,
            hint: "correct 'labels:' of the template",
        )
    }
}

/// A string as written in YAML.
enum YAMLScalar {
    /// Returns a string as YAML, in quotes unless the unquoted text is certain to be read as a string.
    static func written(_ text: String) -> String {
        let isPlain =
            text.count > 3 && text.first?.isLetter == true
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_./".contains($0)) }
            && !["true", "false", "null"].contains(text.lowercased())
        return isPlain ? text : String(decoding: Node.string(text).json(), as: UTF8.self)
    }
}
