import Base
import YAML

/// Binary fields of kinds other than Secret and ConfigMap, written as base64.
enum EncodedFields {
    private static let webhooks = [FieldPattern("webhooks[].clientConfig.caBundle")]

    private static let fields: [String: [String: [FieldPattern]]] = [
        "admissionregistration.k8s.io": [
            "MutatingWebhookConfiguration": webhooks, "ValidatingWebhookConfiguration": webhooks,
        ],
        "apiextensions.k8s.io": [
            "CustomResourceDefinition": [
                FieldPattern("spec.conversion.webhook.clientConfig.caBundle"),
                // v1beta1
                FieldPattern("spec.conversion.webhookClientConfig.caBundle"),
            ]
        ],
        "apiregistration.k8s.io": ["APIService": [FieldPattern("spec.caBundle")]],
        "certificates.k8s.io": ["CertificateSigningRequest": [FieldPattern("spec.request")]],
    ]

    static func problems(_ manifest: ManifestObject) -> [Problem] {
        let type = manifest.identity.type
        let fields = fields[type.group]?[type.kind] ?? []
        return fields.flatMap { $0.fields(in: manifest.root, "") }.compactMap { path, node in
            if let problem = Labels.notString(node, path) { return problem }
            guard let text = node.string else { return nil }
            do throws(Base64Error) {
                _ = try Base64.decode(text)
                return nil
            } catch {
                let hint = "write the PEM text encoded with 'base64 -w0'"
                return Problem("field '\(path)' \(error)", at: node.location, hint: hint)
            }
        }
    }
}

/// A path that may match several fields of an object, such as `webhooks[].clientConfig.caBundle`.
struct FieldPattern {
    /// A value with its path in the object, such as `webhooks[0].clientConfig.caBundle`.
    typealias Field = (path: String, node: Node)

    /// A field on the way, and whether it is a list, whose items are all examined.
    private typealias Step = (name: String, isList: Bool)

    private let steps: [Step]

    /// Creates a path of fields with dots between them; `[]` follows those that are lists.
    init(_ text: String) {
        steps = text.split(separator: ".").map { field in
            field.hasSuffix("[]") ? (String(field.dropLast(2)), true) : (String(field), false)
        }
    }

    /// Finds the fields in a node.
    ///
    /// - Parameters:
    ///   - node: The node.
    ///   - path: The path of the node in its object, empty for the object.
    /// - Returns: The fields that the node has.
    func fields(in node: Node, _ path: String) -> [Field] {
        fields(in: node, path, steps[...])
    }

    private func fields(in node: Node, _ path: String, _ steps: ArraySlice<Step>) -> [Field] {
        guard let step = steps.first else { return [(path, node)] }
        guard let child = node[step.name] else { return [] }
        let path = path.isEmpty ? step.name : "\(path).\(step.name)"
        guard step.isList else { return fields(in: child, path, steps.dropFirst()) }
        return (child.sequence ?? []).enumerated().flatMap { index, item in
            fields(in: item, "\(path)[\(index)]", steps.dropFirst())
        }
    }
}
