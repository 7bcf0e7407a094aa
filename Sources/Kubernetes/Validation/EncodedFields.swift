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
                // The name of the field in `apiextensions.k8s.io/v1beta1`.
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
                return Problem(.invalidBase64, "field '\(path)' \(error)", at: node.location, hint: hint)
            }
        }
    }
}
