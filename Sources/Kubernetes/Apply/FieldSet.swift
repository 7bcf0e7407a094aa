import Base

/// A set of an object's fields in the format `FieldsV1`, as used in managed fields.
///
/// A field is an empty mapping, or has the key `.` beside the fields below it. Other keys are `f:name` for an entry of
/// a mapping, `k:{"name":"a"}` for an item of an associative list, `v:"a"` for an item of a set and `i:0` for an index.
struct FieldSet: Hashable {
    /// The fields, or `nil` if the set is empty.
    private(set) var root: Node?

    init(_ root: Node?) {
        self.root = root?.mapping?.entries.isEmpty == false ? root : nil
    }

    /// Creates a set of one field from the keys that lead to it, such as `f:spec` and `f:replicas`.
    init(path: [String]) {
        self.init(path.isEmpty ? nil : path.reversed().reduce(Self.field) { .mapping([($1, $0)]) })
    }

    /// Returns whether the set contains a field or any field below it.
    func has(_ keys: [String]) -> Bool { keys.reduce(root) { $0?[$1] } != nil }

    func union(_ other: Self) -> Self {
        guard let root, let theirs = other.root else { return self.root == nil ? other : self }
        return Self(Self.union(root, theirs))
    }

    /// Returns the fields that the object loses when the set's manager applies a configuration.
    ///
    /// `other` has the fields of other managers. A mapping or list stays if another manager owns a field in it, and an
    /// item of a list if another manager owns the item itself. A field that is lost as a whole is in the result without
    /// the fields below it. If `isReplacing` is true, a mapping or list in the configuration is lost too if it is owned
    /// as a whole, or if it is a list that has an item without a name.
    func lost(applying configuration: Node, keeping other: Self, isReplacing: Bool) -> Self {
        Self(root.flatMap { Self.lost($0, configuration, other.root, isReplacing) })
    }

    /// Returns an object without the fields of the set, and without parents that become empty.
    ///
    /// Mappings and lists that the configuration has stay even if they become empty.
    func removed(from object: Node, keepingParentsOf configuration: Node) -> Node {
        root.flatMap { Self.removed($0, from: object, configuration) } ?? object
    }

    /// Returns the fields from which the server would restore fields of the set that a configuration no longer has.
    ///
    /// The server copies the `serviceAccountName` of pods to the deprecated `serviceAccount`, and copies it back if
    /// only `serviceAccountName` is removed. The pods would then keep the old ServiceAccount without an error.
    func copies(leftBy configuration: Node, in object: Node) -> Self {
        Self(root.flatMap { Self.copies($0, configuration, object) })
    }

    /// Whether all fields are in the status or in labels, annotations and finalizers, to which every manager may add.
    var isBesideContent: Bool {
        (root?.mapping?.entries ?? []).allSatisfy { entry in
            guard entry.key == "f:metadata" else { return entry.key == "f:status" }
            let below = (entry.value.mapping?.entries ?? []).map(\.key)
            return below.allSatisfy { [".", "f:annotations", "f:finalizers", "f:labels"].contains($0) }
        }
    }

    private static let field = Node.mapping([:])

    private static func isField(_ node: Node) -> Bool { node == field || node["."] != nil }

    private static func union(_ left: Node, _ right: Node) -> Node {
        guard var fields = left.mapping, let others = right.mapping else { return left }
        if fields.entries.isEmpty != others.entries.isEmpty { fields["."] = field }
        for entry in others.entries {
            fields[entry.key] = fields[entry.key].map { union($0, entry.value) } ?? entry.value
        }
        return Node(.mapping(fields), location: left.location)
    }

    private static func lost(_ fields: Node, _ wanted: Node?, _ others: Node?, _ isReplacing: Bool) -> Node? {
        let lost = (fields.mapping?.entries ?? []).compactMap { entry -> (String, Node)? in
            guard entry.key != "." else { return nil }
            let child = wanted.flatMap { self.child(of: $0, at: entry.key) }
            let other = others?[entry.key]
            let isKept = other.map { !entry.key.hasPrefix("k:") || isField($0) } ?? false
            // Items without a name cannot be matched to items on the server.
            let isUnnamed = child?.sequence?.contains { $0["name"] == nil } ?? false
            let isCollection = child?.mapping != nil || child?.sequence != nil
            let isWhole = isReplacing && (isUnnamed || entry.value == field && isCollection)
            guard child != nil && !isWhole || isKept else { return (entry.key, field) }
            return self.lost(entry.value, child, other, isReplacing).map { (entry.key, $0) }
        }
        return lost.isEmpty ? nil : .mapping(lost)
    }

    private static func removed(_ fields: Node, from value: Node, _ wanted: Node?) -> Node? {
        let entries = fields.mapping?.entries ?? []
        guard !entries.isEmpty else { return nil }
        if var mapping = value.mapping {
            for entry in entries {
                guard entry.key.hasPrefix("f:"), let child = child(of: value, at: entry.key) else { continue }
                let below = wanted.flatMap { self.child(of: $0, at: entry.key) }
                mapping[String(entry.key.dropFirst(2))] = removed(entry.value, from: child, below)
            }
            let isGone = mapping.entries.isEmpty && wanted?.mapping == nil
            return isGone ? nil : Node(.mapping(mapping), location: value.location)
        }
        guard var items = value.sequence else { return value }
        for entry in entries {
            guard let child = child(of: .sequence(items), at: entry.key), let index = items.firstIndex(of: child) else {
                continue
            }
            let below = wanted.flatMap { self.child(of: $0, at: entry.key) }
            if !isField(entry.value), let rest = removed(entry.value, from: child, below) {
                items[index] = rest
            } else {
                items.remove(at: index)
            }
        }
        let isGone = items.isEmpty && wanted?.sequence == nil
        return isGone ? nil : Node(.sequence(items), location: value.location)
    }

    private static func copies(_ fields: Node, _ wanted: Node?, _ live: Node?) -> Node? {
        let (name, copy) = ("serviceAccountName", "serviceAccount")
        let isLeft = fields["f:\(name)"] != nil && wanted?[name] == nil && wanted?[copy] == nil
        if isLeft, fields["f:\(copy)"] == nil, live?[copy] != nil { return .mapping([("f:\(copy)", field)]) }
        let below = (fields.mapping?.entries ?? []).compactMap { entry -> (String, Node)? in
            guard entry.key.hasPrefix("f:") else { return nil }
            let key = String(entry.key.dropFirst(2))
            return copies(entry.value, wanted?[key], live?[key]).map { (entry.key, $0) }
        }
        return below.isEmpty ? nil : .mapping(below)
    }

    /// Returns the part of a set below a key; a field that is owned as a whole includes all fields below it.
    fileprivate static func part(of fields: Node, at key: String) -> Node? { fields == field ? fields : fields[key] }

    /// Returns the part of a set for a list item.
    fileprivate static func part(of fields: Node, for item: Node) -> Node? {
        if fields == field { return fields }
        return fields.mapping?.entries.first { child(of: .sequence([item]), at: $0.key) != nil }?.value
    }

    /// Returns the part of a value that a key of a set names.
    private static func child(of value: Node, at key: String) -> Node? {
        let name = String(key.dropFirst(2))
        switch key.prefix(2) {
        case "f:": return value[name]
        case "i:": return Int(name).flatMap { value[$0] }
        case "v:":
            let wanted = try? readJSON(Array(name.utf8), file: "managedFields")
            return value.sequence?.first { $0 == wanted }
        case "k:":
            let keys = (try? readJSON(Array(name.utf8), file: "managedFields"))?.mapping?.entries ?? []
            guard !keys.isEmpty else { return nil }
            // If no item has all keys, an omitted key counts as a match, because the server adds a default.
            func item(_ isAssumed: Bool) -> Node? {
                value.sequence?.first { item in
                    item.mapping != nil && keys.allSatisfy { key in item[key.key].map { $0 == key.value } ?? isAssumed }
                }
            }
            return item(false) ?? item(true)
        default: return nil
        }
    }
}

extension Node {
    /// Returns whether an object contains all values of a manifest, in the same form.
    ///
    /// A value that the server writes in another form, such as a quantity, counts as different. The server leaves out
    /// values such as `0` and `[]`: they count as present if `owned`, the agent's set of fields, has them.
    func includes(_ manifest: Node, owned: () -> Node?) -> Bool {
        switch (content, manifest.content) {
        case (.mapping(let own), .mapping(let wanted)):
            return wanted.entries.allSatisfy { entry in
                func below() -> Node? { owned().flatMap { FieldSet.part(of: $0, at: "f:\(entry.key)") } }
                return own[entry.key]?.includes(entry.value, owned: below)
                    ?? (entry.value.isNull || entry.value.isZero && below() != nil)
            }
        case (.sequence(let own), .sequence(let wanted)):
            return own.count == wanted.count
                && zip(own, wanted).allSatisfy { item, wanted in
                    item.includes(wanted, owned: { owned().flatMap { FieldSet.part(of: $0, for: wanted) } })
                }
        default: return self == manifest
        }
    }

    private var isZero: Bool {
        switch content {
        case .null: true
        case .boolean(let value): !value
        case .number(let number): number.json == "0"
        case .string(let text): text.isEmpty
        case .sequence(let items): items.isEmpty
        case .mapping(let mapping): mapping.entries.isEmpty
        }
    }

    /// Returns an object with the values of a manifest, for a preview.
    ///
    /// Lists are merged by the names of their items, or by position if an item of the manifest has no name.
    func merged(with manifest: Node) -> Node {
        switch (content, manifest.content) {
        case (.mapping(var own), .mapping(let wanted)):
            for entry in wanted.entries { own[entry.key] = own[entry.key]?.merged(with: entry.value) ?? entry.value }
            return Node(.mapping(own), location: location)
        case (.sequence(let own), .sequence(let wanted)):
            guard wanted.allSatisfy({ $0["name"] != nil }) else {
                let items = wanted.enumerated().map { own.indices.contains($0) ? own[$0].merged(with: $1) : $1 }
                return Node(.sequence(items), location: location)
            }
            let items = own.map { item in wanted.first { $0["name"] == item["name"] }.map(item.merged) ?? item }
            let added = wanted.filter { item in !own.contains { $0["name"] == item["name"] } }
            return Node(.sequence(items + added), location: location)
        default: return manifest
        }
    }

    /// Returns the object with a new value of `inner` in its mapping `key`, or unchanged if it has no such mapping.
    func with(_ value: Node?, at key: String, _ inner: String) -> Node {
        guard var mapping = mapping, var below = mapping[key]?.mapping else { return self }
        below[inner] = value
        mapping[key] = Node(.mapping(below), location: mapping[key]?.location ?? location)
        return Node(.mapping(mapping), location: location)
    }
}
