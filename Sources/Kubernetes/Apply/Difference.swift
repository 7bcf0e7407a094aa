import Base

/// The fields in which two states of an object differ.
struct Difference {
    struct Field: Hashable {
        var path: String
        var old: Node?
        var new: Node?
    }

    /// The fields that differ, in the order of the newer state; removed fields come last in each mapping.
    private(set) var fields: [Field] = []

    /// Compares two states without their volatile metadata.
    ///
    /// The status is left out if the kind has a status subresource.
    init(from old: Node, to new: Node, hasStatusSubresource: Bool) {
        let settled = { Self.settled($0, hasStatusSubresource: hasStatusSubresource) }
        compare(settled(old), settled(new), at: "")
    }

    /// The metadata fields that the server maintains; exported manifests contain them too.
    static let volatile: Set<String> = [
        "resourceVersion", "managedFields", "generation", "uid", "creationTimestamp", "selfLink",
    ]

    /// The annotation in which a controller counts the revisions of an object, by kind.
    private static let volatileAnnotations = [
        "DaemonSet": "deprecated.daemonset.template.generation", "Deployment": "deployment.kubernetes.io/revision",
        "ReplicaSet": "deployment.kubernetes.io/revision",
    ]

    /// Returns an object without the fields that are not compared.
    static func settled(_ object: Node, hasStatusSubresource: Bool) -> Node {
        guard var mapping = object.mapping else { return object }
        if hasStatusSubresource { mapping["status"] = nil }
        if let metadata = mapping["metadata"], let entries = metadata.mapping?.entries {
            var kept = Mapping(entries.filter { !volatile.contains($0.key) })
            if let annotations = kept["annotations"], let entries = annotations.mapping?.entries {
                let ofController = volatileAnnotations[object["kind"]?.string ?? ""]
                let own = entries.filter { ![ofController, ManagedMetadata.digestAnnotation].contains($0.key) }
                kept["annotations"] = own.isEmpty ? nil : Node(.mapping(Mapping(own)), location: annotations.location)
            }
            mapping["metadata"] = Node(.mapping(kept), location: metadata.location)
        }
        return Node(.mapping(mapping), location: object.location)
    }

    private mutating func compare(_ old: Node, _ new: Node, at path: String) {
        switch (old.content, new.content) {
        case (.mapping(let left), .mapping(let right)):
            var removed = Dictionary(left.entries.map { (ExactText($0.key), $0.value) }) { first, _ in first }
            for entry in right.entries {
                compare(removed.removeValue(forKey: ExactText(entry.key)), entry.value, at: Self.join(path, entry.key))
            }
            for entry in left.entries where removed[ExactText(entry.key)] != nil {
                fields.append(Field(path: Self.join(path, entry.key), old: entry.value, new: nil))
            }
        case (.sequence(let left), .sequence(let right)):
            for index in 0..<max(left.count, right.count) {
                let (old, new) = (index < left.count ? left[index] : nil, index < right.count ? right[index] : nil)
                let path = "\(path)[\(index)]"
                if let new { compare(old, new, at: path) } else { fields.append(Field(path: path, old: old, new: nil)) }
            }
        default:
            if old != new { fields.append(Field(path: path, old: old, new: new)) }
        }
    }

    private mutating func compare(_ old: Node?, _ new: Node, at path: String) {
        if let old { compare(old, new, at: path) } else { fields.append(Field(path: path, old: nil, new: new)) }
    }

    /// Appends a key to a path, in brackets if the key contains characters other than letters, digits, `-` and `_`.
    private static func join(_ path: String, _ key: String) -> String {
        guard key.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" }) else { return "\(path)[\(key)]" }
        return path.isEmpty ? key : "\(path).\(key)"
    }
}

extension Difference {
    /// Returns a line `path: old -> new` for each field that differs, with secret values masked.
    static func lines(from old: Node, to new: Node, of type: GroupVersionKind, hasStatusSubresource: Bool) -> [String] {
        let difference = Difference(from: old, to: new, hasStatusSubresource: hasStatusSubresource)
        return difference.fields.map { field in
            let isSecret = ShownValue.isSecret(field.path, of: type)
            return "\(field.path): \(ShownValue(field.old, isSecret)) -> \(ShownValue(field.new, isSecret))"
        }
    }

    /// Returns a unified diff of two states as YAML, with secret values masked.
    ///
    /// `old` is `nil` for an object that would be created.
    static func diff(from old: Node?, to new: Node, of type: GroupVersionKind, hasStatusSubresource: Bool) -> [String] {
        let settled = { Self.settled($0, hasStatusSubresource: hasStatusSubresource) }
        let (before, after) = (old.map(settled), settled(new))
        let left = before.map { shown($0, beside: after, "before", type, "") }
        let right = shown(after, beside: before, "after", type, "")
        return UnifiedDiff(from: left?.yamlLines() ?? [], to: right.yamlLines()).lines
    }

    /// Masks the secret values of an object; if the other state has a different value, the mask includes `side`.
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
