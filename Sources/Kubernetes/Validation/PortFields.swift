import Base
import YAML

/// Ports that are numbers or names, such as `targetPort` of a Service.
enum PortFields {
    private static let fields: [String: [String: [FieldPattern]]] = [
        "": ["Service": [FieldPattern("spec.ports[].targetPort")]],
        "networking.k8s.io": [
            "NetworkPolicy": [FieldPattern("spec.ingress[].ports[].port"), FieldPattern("spec.egress[].ports[].port")]
        ],
    ]

    private static let containerFields =
        ["livenessProbe", "readinessProbe", "startupProbe", "lifecycle.postStart", "lifecycle.preStop"].flatMap {
            [FieldPattern("\($0).httpGet.port"), FieldPattern("\($0).tcpSocket.port")]
        }

    static func problems(_ manifest: ManifestObject) -> [Problem] {
        let type = manifest.identity.type
        var found = (fields[type.group]?[type.kind] ?? []).flatMap { $0.fields(in: manifest.root, "") }
        for container in PodTemplate(manifest)?.containers ?? [] {
            found += containerFields.flatMap { $0.fields(in: container.node, container.path) }
        }
        // The server takes the port of a Service for an empty name and 0.
        let isOptional = type.kind == "Service"
        return found.compactMap { path, node in
            let text: String
            switch node.content {
            case .string(let name): text = name
            case .number(let number): text = number.json
            default: return nil
            }
            if isOptional, text.isEmpty || node.string == nil && text == "0" { return nil }
            let isName = node.string != nil
            let isValid = isName ? self.isName(text) : (1...65535).contains(Int(text) ?? 0)
            guard !isValid else { return nil }
            let isQuotedNumber = isName && (1...65535).contains(Int(text) ?? 0)
            return Problem(
                "field '\(path)': expected a number from 1 to 65535, or a name of up to 15 lowercase letters, digits and "
                    + "'-' with a letter, found \(ShownValue(node))",
                at: node.location,
                hint: isQuotedNumber ? "write \(text) without quotes" : nil,
            )
        }
    }

    /// Returns whether a text is a service name of RFC 6335.
    private static func isName(_ text: String) -> Bool {
        text.utf8.count <= 15 && NameForm.label.matches(text) && !text.contains("--")
            && text.contains { $0.isLetter }
    }
}
