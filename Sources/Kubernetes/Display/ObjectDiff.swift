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
    ///   - hasStatusSubresource: Whether the object has a status subresource, which is left out.
    init(from old: Node?, to new: Node, of type: GroupVersionKind, hasStatusSubresource: Bool) {
        let settled = { Difference.settled($0, hasStatusSubresource: hasStatusSubresource) }
        let masked = MaskedObjects(old.map(settled), settled(new), of: type)
        lines = TextDiff.lines(from: masked.old?.yamlLines() ?? [], to: masked.new.yamlLines())
    }
}
