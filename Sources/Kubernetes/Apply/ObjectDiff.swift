import Base

/// A unified diff of two states of an object as YAML, without the values of a Secret.
struct ObjectDiff {
    let lines: [String]

    /// Compares two states as ``Difference`` does; `old` is `nil` for an object that would be created.
    init(from old: Node?, to new: Node, of type: GroupVersionKind, hasStatusSubresource: Bool) {
        let settled = { Difference.settled($0, hasStatusSubresource: hasStatusSubresource) }
        let (before, after) = (old.map(settled), settled(new))
        let left = before.map { Self.shown($0, beside: after, "before", type, "") }
        let right = Self.shown(after, beside: before, "after", type, "")
        lines = UnifiedDiff(from: left?.yamlLines() ?? [], to: right.yamlLines()).lines
    }

    /// Masks the secret values of an object, and adds the side if the other state has a different value.
    private static func shown(
        _ node: Node,
        beside other: Node?,
        _ side: String,
        _ type: GroupVersionKind,
        _ path: String
    ) -> Node {
        if let mapping = node.mapping {
            let pairs = mapping.entries.map { entry in
                let inner = path.isEmpty ? entry.key : "\(path).\(entry.key)"
                return (entry.key, shown(entry.value, beside: other?[entry.key], side, type, inner))
            }
            return .mapping(pairs, location: node.location)
        }
        guard ShownValue.isSecret(path, of: type) else { return node }
        let isSame = other == nil || other == node
        return .string(isSame ? ShownValue.mask : "\(ShownValue.mask) (\(side))")
    }
}
