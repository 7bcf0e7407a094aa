import YAML

/// The difference of two states of an object as people may see it: a unified diff of their YAML.
struct ObjectDiff {
    /// The hunks.
    let lines: [String]

    /// Compares two states, without what only the server writes and without values that are secret.
    ///
    /// - Parameters:
    ///   - old: The state before, `nil` for an object that would be created.
    ///   - new: The state after.
    ///   - type: The type of the object.
    init(from old: Node?, to new: Node, of type: GroupVersionKind) {
        let (old, new) = (old.map(Difference.settled), Difference.settled(new))
        let isSecret = type.group.isEmpty && type.kind == "Secret"
        let before = old.map { Self.masked($0, other: new, "before", isSecret: isSecret, "") }
        let after = Self.masked(new, other: old, "after", isSecret: isSecret, "")
        lines = TextDiff.lines(from: before?.yamlLines() ?? [], to: after.yamlLines())
    }

    /// A state whose secret values are replaced, with the side where they differ from those of the other state.
    private static func masked(_ node: Node, other: Node?, _ side: String, isSecret: Bool, _ path: String) -> Node {
        switch node.content {
        case .mapping(let mapping):
            let isSecretPair = mapping["name"]?.string.map(SecretMask.isSecret) == true
            let pairs = mapping.entries.map { entry in
                let path = path.isEmpty ? entry.key : "\(path).\(entry.key)"
                let other = other?[entry.key]
                // An environment variable has its name beside its value.
                if isSecretPair, entry.key == "value", entry.value.string != nil {
                    return (entry.key, mask(entry.value, other, side))
                }
                return (entry.key, masked(entry.value, other: other, side, isSecret: isSecret, path))
            }
            return .mapping(pairs)
        case .sequence(let items):
            return .sequence(
                items.enumerated().map { masked($1, other: other?[$0], side, isSecret: isSecret, path) }
            )
        case .null, .boolean, .number, .string:
            guard isSecret, isSecretField(path) else { return node }
            return mask(node, other, side)
        }
    }

    private static func mask(_ node: Node, _ other: Node?, _ side: String) -> Node {
        .string(other == nil || other == node ? SecretMask.mask : SecretMask.mask(side))
    }

    /// Whether a field of a Secret is shown only as changed; see `ShownValue`.
    private static func isSecretField(_ path: String) -> Bool {
        ShownValue.isSecret(path, of: GroupVersionKind(group: "", version: "v1", kind: "Secret"))
    }
}
