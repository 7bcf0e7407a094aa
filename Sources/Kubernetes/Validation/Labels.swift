import Base
import YAML

/// Labels, selectors and annotations: their keys and values.
enum Labels {
    static func problems(_ manifest: ManifestObject) -> [Problem] {
        let root = manifest.root
        var problems = labels(root["metadata"]?["labels"], "metadata.labels")
        problems += annotations(root["metadata"]?["annotations"], "metadata.annotations")
        let type = manifest.identity.type
        if let pod = PodTemplate(manifest), pod.path != "spec" {
            let metadata = pod.path.dropLast("spec".count) + "metadata"
            problems += labels(pod.labels, "\(metadata).labels")
        }
        switch (type.group, type.kind) {
        case ("", "Service"), ("", "ReplicationController"):
            problems += labels(root["spec"]?["selector"], "spec.selector")
        case ("apps", _), ("batch", "Job"):
            problems += labels(root["spec"]?["selector"]?["matchLabels"], "spec.selector.matchLabels")
        default: break
        }
        if let pod = PodTemplate(manifest) {
            problems += labels(pod.spec["nodeSelector"], "\(pod.path).nodeSelector")
        }
        return problems
    }

    private static func labels(_ node: Node?, _ path: String) -> [Problem] {
        (node?.mapping?.entries ?? []).flatMap { entry -> [Problem] in
            let field = "\(path).\(entry.key)"
            var problems = key(entry, path)
            if let text = entry.value.string {
                problems += ObjectNames.problem(text, .labelValue, field, at: entry.value.location)
            } else if let problem = notString(entry.value, field) {
                problems.append(problem)
            }
            return problems
        }
    }

    private static func annotations(_ node: Node?, _ path: String) -> [Problem] {
        (node?.mapping?.entries ?? []).flatMap { entry -> [Problem] in
            let problem = notString(entry.value, "\(path).\(entry.key)", showsValue: false)
            return key(entry, path) + [problem].compactMap(\.self)
        }
    }

    private static func key(_ entry: Mapping.Entry, _ path: String) -> [Problem] {
        // The server converts an annotation's key to lowercase before it validates the key.
        let key = path.hasSuffix("annotations") ? entry.key.lowercased() : entry.key
        guard !NameForm.qualified.matches(key) else { return [] }
        let message = "key \(ShownValue(.string(entry.key))) of '\(path)': expected \(NameForm.qualified.expected)"
        let hint = NameForm.qualified.suggestion(for: entry.key).map { "write '\($0)'" }
        return [Problem(.invalidObjectName, message, at: entry.location, hint: hint)]
    }

    /// Returns the problem if a value is not a string, or `nil` if the value is a string or null.
    static func notString(_ node: Node, _ field: String, showsValue: Bool = true) -> Problem? {
        guard node.string == nil, !node.isNull else { return nil }
        let found = showsValue ? ShownValue.withType(node, isSecret: false) : node.kindName
        let hint: String? =
            switch node.content {
            case .number(let number) where showsValue: "write it in quotes: '\"\(number.text)\"'"
            case .boolean where showsValue: "write it in quotes\(node.misleadingWord.map { ": '\"\($0)\"'" } ?? "")"
            case .number, .boolean: "write it in quotes"
            case .mapping, .sequence: "write it as a text block: '|'"
            case .string, .null: nil
            }
        return Problem(
            .wrongFieldType,
            "field '\(field)': expected a string, found \(found)",
            at: node.location,
            hint: hint
        )
    }
}
