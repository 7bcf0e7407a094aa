import Base
import YAML

/// Selectors of workloads, which must match the labels of their own pods.
struct SelectorMatch {
    private let root: Node
    /// The labels in the template of the pods.
    private let labels: Node?

    static func problems(_ manifest: ManifestObject) -> [Problem] {
        let (type, spec) = (manifest.identity.type, manifest.root["spec"])
        guard let pod = PodTemplate(manifest), let spec else { return [] }
        let match = Self(root: manifest.root, labels: pod.labels)
        switch (type.group, type.kind) {
        case ("apps", "DaemonSet"), ("apps", "Deployment"), ("apps", "ReplicaSet"), ("apps", "StatefulSet"):
            return match.requiredSelector(spec)
        case ("batch", "Job") where spec["manualSelector"]?.boolean == true:
            return match.selector(spec["selector"])
        case ("", "ReplicationController"):
            return match.matchLabels(spec["selector"], "spec.selector")
        default: return []
        }
    }

    private func requiredSelector(_ spec: Node) -> [Problem] {
        let selector = spec["selector"]
        let isEmpty = ["matchLabels", "matchExpressions"].allSatisfy { key in
            (selector?[key]?.mapping?.entries.isEmpty ?? true) && (selector?[key]?.sequence?.isEmpty ?? true)
        }
        guard isEmpty else { return self.selector(selector) }
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

    private func selector(_ selector: Node?) -> [Problem] {
        let expressions = (selector?["matchExpressions"]?.sequence ?? []).enumerated().compactMap { index, expression in
            unmatched(expression, "spec.selector.matchExpressions[\(index)]")
        }
        return matchLabels(selector?["matchLabels"], "spec.selector.matchLabels") + expressions
    }

    private func matchLabels(_ selector: Node?, _ path: String) -> [Problem] {
        let unmatched = (selector?.mapping?.entries ?? []).filter { entry in
            entry.value.string.map { labels?[entry.key]?.string != $0 } ?? false
        }
        guard !unmatched.isEmpty else { return [] }
        let words = words
        return unmatched.map { entry in
            let wanted = entry.value.string ?? ""
            if let problem = misspeltLabel(entry, wanted, selector, words) { return problem }
            let found = labels?[entry.key].map { "have \(ShownValue($0))" } ?? "do not have it"
            return Problem(
                .wrongSelector,
                "field '\(path).\(entry.key)': the pods' labels \(found), so the selector does not match its own pods",
                at: entry.location,
                hint: "write '\(entry.key): \(YAMLScalar.written(wanted))' below 'labels:' of the template",
            )
        }
    }

    /// The words of the object, which show whether a label or its selector is misspelt.
    private var words: WordCounts {
        let selector = root["spec"]?["selector"]
        let keys = [root["metadata"]?["labels"], labels, selector, selector?["matchLabels"]]
            .flatMap { $0?.mapping?.entries.map(\.key) ?? [] }
        return WordCounts(root.strings + keys)
    }

    /// Returns the problem of a label that is probably misspelt in the template, and not in the selector.
    private func misspeltLabel(
        _ entry: Mapping.Entry,
        _ wanted: String,
        _ selector: Node?,
        _ words: WordCounts
    ) -> Problem? {
        let (location, old, new): (SourceLocation, String, String)
        if let value = labels?[entry.key] {
            guard let text = value.string, nearestName(to: text, in: [wanted]) != nil,
                words.isMisspelt(text, unlike: wanted, usedTimes: 1)
            else { return nil }
            (location, old, new) = (value.location, text, wanted)
        } else {
            let others = (labels?.mapping?.entries ?? []).filter { label in
                selector?[label.key] == nil && label.value.string == wanted
            }
            guard let near = nearestName(to: entry.key, in: others.map(\.key)),
                let label = others.first(where: { $0.key == near }),
                words.isMisspelt(near, unlike: entry.key, usedTimes: 1)
            else { return nil }
            (location, old, new) = (label.location, near, entry.key)
        }
        return Problem(
            .wrongSelector,
            "'\(old)' in the pods' labels is '\(new)' in the selector, so it does not match its own pods",
            at: location,
            hint: "write '\(new)'"
        )
    }

    private func unmatched(_ expression: Node, _ path: String) -> Problem? {
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
