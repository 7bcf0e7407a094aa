import Base

/// A value for a message: shortened, or masked if it is secret.
struct ShownValue: CustomStringConvertible {
    private let node: Node?
    private let isSecret: Bool

    static let mask = "***"

    /// The number of characters above which a value is shortened.
    private static let limit = 80

    static func isSecret(_ path: String, of type: GroupVersionKind) -> Bool {
        guard type.group.isEmpty, type.kind == "Secret" else { return false }
        // A secret value may be in the wrong field of a Secret, and kubectl's annotation contains the whole Secret.
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

    /// Describes a value with its type, such as `the string "80"`.
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
