import Base
import YAML

/// Two states of an object with their secret values masked.
///
/// A difference between the states shows only that secret values differ. Secret values are the values of a Secret, the
/// values of keys and environment variables such as `password`, and the values that `SecretMask` finds in texts.
struct MaskedObjects {
    /// The state before, `nil` for an object that would be created.
    let old: Node?
    /// The state after.
    let new: Node

    /// Replaces the secret values of two states of an object.
    init(_ old: Node?, _ new: Node, of type: GroupVersionKind) {
        self.old = old.map { Self.masked($0, other: new, "before", of: type, "") }
        self.new = Self.masked(new, other: old, "after", of: type, "")
    }

    /// Replaces the secret values of an object.
    static func masked(_ object: Node, of type: GroupVersionKind) -> Node {
        MaskedObjects(nil, object, of: type).new
    }

    private static func masked(
        _ node: Node,
        other: Node?,
        _ side: String,
        of type: GroupVersionKind,
        _ path: String
    ) -> Node {
        switch node.content {
        case .mapping(let mapping):
            let pairs = mapping.entries.map { entry -> (String, Node) in
                let path = path.isEmpty ? entry.key : "\(path).\(entry.key)"
                let other = other?[entry.key]
                guard isSecret(entry, in: mapping) else {
                    return (entry.key, masked(entry.value, other: other, side, of: type, path))
                }
                return (entry.key, replacement(of: entry.value, other, side))
            }
            return .mapping(pairs, location: node.location)
        case .sequence(let items):
            let items = items.enumerated().map { masked($1, other: other?[$0], side, of: type, path) }
            return Node(.sequence(items), location: node.location)
        case .string(let text):
            if ShownValue.isSecret(path, of: type) { return replacement(of: node, other, side) }
            return Node(.string(masked(text, other: other?.string, side)), location: node.location)
        case .null, .boolean, .number:
            return ShownValue.isSecret(path, of: type) ? replacement(of: node, other, side) : node
        }
    }

    /// Returns whether an entry's value is secret, according to its key or, for an environment variable, its name.
    static func isSecret(_ entry: Mapping.Entry, in mapping: Mapping) -> Bool {
        let value = entry.value
        guard value.mapping == nil, value.sequence == nil, !value.isNull, value.boolean == nil, value.string != ""
        else {
            return false
        }
        return SecretMask.isSecret(entry.key)
            || entry.key == "value" && mapping["name"]?.string.map(SecretMask.isSecret) == true
    }

    private static func replacement(of node: Node, _ other: Node?, _ side: String) -> Node {
        let isSame = other == nil || other == node
        return Node(.string(isSame ? SecretMask.mask : SecretMask.mask(side)), location: node.location)
    }

    /// Masks the secrets in the lines of a text.
    private static func masked(_ text: String, other: String?, _ side: String) -> String {
        let (lines, others) = (UnifiedDiff.parts(of: text), other.map(UnifiedDiff.parts) ?? [])
        let isNew = side == "after"
        let masked = SecretMask(isNew ? others : lines, isNew ? lines : others)
        return (isNew ? masked.new : masked.old).joined(separator: "\n")
    }
}
