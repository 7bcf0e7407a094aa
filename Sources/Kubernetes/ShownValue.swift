import YAML

/// A value in a message: short, and nothing secret.
struct ShownValue: CustomStringConvertible {
    private let node: Node?
    private let isSecret: Bool

    /// The characters of a value that are shown.
    private static let limit = 80

    /// Whether a field's value must not be shown.
    static func isSecret(_ path: String, of type: GroupVersionKind) -> Bool {
        guard type.group.isEmpty, type.kind == "Secret" else { return false }
        // What is a secret may stand in a field of another type by mistake. The annotation of client-side `kubectl apply`
        // holds the whole Secret once more.
        return !["metadata", "type", "kind", "apiVersion"].contains { path.hasPrefix($0) }
            || path.contains("last-applied-configuration") || path == "metadata.annotations"
    }

    init(_ node: Node?, _ isSecret: Bool = false) {
        self.node = node
        self.isSecret = isSecret
    }

    var description: String {
        guard let node else { return "(none)" }
        if isSecret { return "***" }
        let text = String(decoding: node.json(), as: UTF8.self)
        return text.count <= Self.limit ? text : text.prefix(Self.limit) + "…"
    }
}
