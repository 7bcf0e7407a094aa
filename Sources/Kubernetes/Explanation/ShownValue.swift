import Base

/// A value for a message: shortened, and masked if the value is secret.
struct ShownValue: CustomStringConvertible {
    private let node: Node?
    private let isSecret: Bool

    /// The mark in place of a secret value.
    static let mask = "***"

    /// The maximum number of characters of a value that are shown.
    private static let limit = 80

    /// Returns whether a field's value must not be shown.
    static func isSecret(_ path: String, of type: GroupVersionKind) -> Bool {
        guard type.group.isEmpty, type.kind == "Secret" else { return false }
        // A secret value may have been written to the wrong field. The annotation of client-side `kubectl apply`
        // contains the whole Secret.
        return !["metadata", "type", "kind", "apiVersion"].contains { path.hasPrefix($0) }
            || path.contains("last-applied-configuration") || path == "metadata.annotations"
    }

    init(_ node: Node?, _ isSecret: Bool = false) {
        self.node = node
        self.isSecret = isSecret
    }

    var description: String {
        guard let node else { return "(none)" }
        if isSecret { return Self.mask }
        let text = String(decoding: node.json(), as: UTF8.self)
        return text.count <= Self.limit ? text : text.prefix(Self.limit) + "…"
    }

    /// Describes a value with its type, such as `the string "80"`; a secret value is masked.
    static func withType(_ node: Node, isSecret: Bool) -> String {
        if !isSecret, let word = node.misleadingWord, let value = node.boolean {
            return "'\(word)', which is the boolean \(value) in YAML"
        }
        let isCollection = node.mapping != nil || node.sequence != nil
        return isSecret || isCollection
            ? "\(node.kindName): \(ShownValue(node, isSecret))"
            : "the \(node.kindName.trimmingPrefix("a ")) \(ShownValue(node))"
    }
}
