import YAML

/// A set of an object's fields in the format `FieldsV1`, as used in managed fields.
///
/// A field is an empty mapping, or `.` in a mapping of the fields below it. Keys are `f:name` for an entry of a
/// mapping, `k:{"name":"a"}` for an item of an associative list, `v:"a"` for an item of a set and `i:0` for an index.
struct FieldSet: Hashable {
    /// The fields, `nil` if the set is empty.
    private(set) var root: Node?

    init(_ root: Node?) {
        self.root = root?.mapping?.entries.isEmpty == false ? root : nil
    }

    /// Creates a set of one field.
    ///
    /// - Parameter path: The keys that lead to the field, such as `f:spec` and `f:replicas`.
    init(path: [String]) {
        self.init(path.isEmpty ? nil : path.reversed().reduce(Self.field) { .mapping([($1, $0)]) })
    }

    /// Returns whether a field below nested mappings is in the set.
    func contains(_ keys: [String]) -> Bool {
        var node = root
        for key in keys { node = node?["f:\(key)"] }
        return node.map { Self.isField($0) } ?? false
    }

    /// Returns whether the set has a field of an object, or fields below it.
    func contains(_ path: FieldPath, in object: Node) -> Bool {
        var (fields, value, rest) = (root, Optional(object), Substring(path.text))
        while !rest.isEmpty, let node = fields, node != Self.field {
            if rest.first == "." { rest = rest.dropFirst() }
            if let mapping = value?.mapping {
                let key = FieldPath.key(in: mapping, &rest)
                (fields, value) = (node["f:\(key)"], mapping[key])
            } else {
                let item = ItemSelector(FieldPath.bracketed(&rest)).items(of: value?.sequence ?? []).first
                let entry = (node.mapping?.entries ?? []).first { entry in
                    guard let item, !entry.key.hasPrefix("i:") else { return false }
                    return Self.child(of: .sequence([item]), at: entry.key) != nil
                }
                (fields, value) = (entry?.value, item)
            }
        }
        return fields != nil
    }

    /// Returns the fields that are in either set.
    func union(_ other: Self) -> Self {
        guard let root, let theirs = other.root else { return self.root == nil ? other : self }
        return Self(Self.union(root, theirs))
    }

    /// Returns the fields that are not in another set.
    func subtracting(_ other: Self) -> Self {
        guard let root, let theirs = other.root else { return self }
        return Self(Self.difference(root, theirs))
    }

    /// Returns the fields that an object loses when their manager applies a configuration and only another set remains.
    ///
    /// A mapping or list stays as long as the other set contains a field in it, and an item of a list if the set contains
    /// the item itself, as managers that apply it always do. A field that is lost as a whole is in the result without the
    /// fields below it.
    func lost(applying configuration: Node, keeping other: Self) -> Self {
        Self(root.flatMap { Self.lost($0, configuration, other.root) })
    }

    func intersection(withFieldsOf object: Node) -> Self {
        Self(root.flatMap { Self.intersection($0, object) })
    }

    /// Returns an object without the fields of the set, and without parents that become empty.
    ///
    /// - Parameters:
    ///   - object: The object.
    ///   - configuration: An object whose mappings and lists stay, even if they become empty.
    /// - Returns: The rest of the object.
    func removed(from object: Node, keepingParentsOf configuration: Node? = nil) -> Node {
        root.flatMap { Self.removed($0, from: object, configuration) } ?? object
    }

    /// Merges an applied configuration into an object, as the server does in a server-side apply.
    ///
    /// The set contains the fields of all managers: its keys show which lists are merged item by item.
    ///
    /// - Parameters:
    ///   - configuration: The object as it is applied.
    ///   - object: The object on the server, without the fields that the apply removes.
    /// - Returns: The object with the values of the configuration.
    func merged(_ configuration: Node, into object: Node) -> Node {
        Self.merged(configuration, into: object, root)
    }

    private static func merged(_ wanted: Node, into live: Node, _ fields: Node?) -> Node {
        if let entries = wanted.mapping?.entries, var mapping = live.mapping {
            // A mapping that is owned as a whole has no fields below it.
            guard fields == nil || fields != field else { return wanted }
            for entry in entries {
                if entry.value.isNull {
                    mapping[entry.key] = nil
                } else if let old = mapping[entry.key] {
                    mapping[entry.key] = merged(entry.value, into: old, fields?["f:\(entry.key)"])
                } else {
                    mapping[entry.key] = entry.value
                }
            }
            return Node(.mapping(mapping), location: live.location)
        }
        guard let items = wanted.sequence, let old = live.sequence else { return wanted }
        let keys = (fields?.mapping?.entries ?? []).filter { $0.key.hasPrefix("k:") || $0.key.hasPrefix("v:") }
        guard !keys.isEmpty else { return wanted }
        var rest = old
        let new = items.map { item -> Node in
            let key = keys.first { child(of: .sequence([item]), at: $0.key) != nil }
            guard let key, let present = child(of: .sequence(rest), at: key.key),
                let index = rest.firstIndex(of: present)
            else { return item }
            rest.remove(at: index)
            return merged(item, into: present, key.value)
        }
        return Node(.sequence(new + rest), location: live.location)
    }

    /// A field of an object that is in no set.
    struct UnownedField {
        /// The path as the server writes it in refusals.
        let text: String
        /// The keys that lead to the field in a set.
        let keys: [String]
    }

    /// Returns the fields of an object that are neither in the set nor in a configuration.
    ///
    /// Of a field and the fields below it only the field is in the result. Items of lists that the set does not have are
    /// left out.
    ///
    /// - Parameters:
    ///   - object: The object.
    ///   - configuration: The object as it is applied.
    ///   - left: Keys of the object itself that are not looked at.
    /// - Returns: The fields.
    func unownedFields(of object: Node, apartFrom configuration: Node, without left: Set<String>) -> [UnownedField] {
        let entries = (object.mapping?.entries ?? []).filter { !left.contains($0.key) }
        let rest = Node(.mapping(Mapping(entries)), location: object.location)
        return Self.unowned(rest, configuration, root, UnownedField(text: "", keys: []))
    }

    private static func unowned(
        _ value: Node,
        _ wanted: Node?,
        _ fields: Node?,
        _ place: UnownedField,
    ) -> [UnownedField] {
        // A value that is owned as a whole has no fields of its own.
        guard fields == nil || fields != field else { return [] }
        if let entries = value.mapping?.entries {
            return entries.flatMap { entry -> [UnownedField] in
                let separator = place.text.isEmpty ? "" : "."
                let key = "f:\(entry.key)"
                let inner = UnownedField(text: "\(place.text)\(separator)\(entry.key)", keys: place.keys + [key])
                let owned = fields?[key]
                guard owned != nil || wanted?[entry.key] != nil else { return [inner] }
                return unowned(entry.value, wanted?[entry.key], owned, inner)
            }
        }
        return (value.sequence ?? []).enumerated().flatMap { index, item -> [UnownedField] in
            let owner = (fields?.mapping?.entries ?? []).first { child(of: .sequence([item]), at: $0.key) != nil }
            guard let owner else { return [] }
            return unowned(
                item,
                wanted.flatMap { child(of: $0, at: owner.key) },
                owner.value,
                UnownedField(text: "\(place.text)[\(index)]", keys: place.keys + [owner.key])
            )
        }
    }

    private static let field = Node.mapping([:])

    private static func isField(_ node: Node) -> Bool {
        node == field || node["."] != nil
    }

    private static func union(_ left: Node, _ right: Node) -> Node {
        guard var fields = left.mapping, let others = right.mapping else { return left }
        if fields.entries.isEmpty != others.entries.isEmpty { fields["."] = field }
        for entry in others.entries {
            fields[entry.key] = fields[entry.key].map { union($0, entry.value) } ?? entry.value
        }
        return Node(.mapping(fields), location: left.location)
    }

    private static func difference(_ left: Node, _ right: Node) -> Node? {
        let kept = (left.mapping?.entries ?? []).compactMap { entry -> (String, Node)? in
            guard let other = right[entry.key] else { return (entry.key, entry.value) }
            guard entry.value != field else { return isField(other) ? nil : (entry.key, entry.value) }
            // Without children, the other set has only the field itself.
            let rest = other == field ? difference(entry.value, .mapping([".": field])) : difference(entry.value, other)
            return rest.map { (entry.key, $0["."] != nil && $0.mapping?.entries.count == 1 ? field : $0) }
        }
        return kept.isEmpty ? nil : .mapping(kept)
    }

    private static func lost(_ fields: Node, _ wanted: Node?, _ others: Node?) -> Node? {
        let lost = (fields.mapping?.entries ?? []).compactMap { entry -> (String, Node)? in
            guard entry.key != "." else { return nil }
            let child = wanted.flatMap { self.child(of: $0, at: entry.key) }
            let other = others?[entry.key]
            let isKept = other.map { !entry.key.hasPrefix("k:") || isField($0) } ?? false
            guard child != nil || isKept else { return (entry.key, field) }
            return self.lost(entry.value, child, other).map { (entry.key, $0) }
        }
        return lost.isEmpty ? nil : .mapping(lost)
    }

    private static func intersection(_ fields: Node, _ value: Node) -> Node? {
        let kept = (fields.mapping?.entries ?? []).compactMap { entry -> (String, Node)? in
            if entry.key == "." { return (entry.key, entry.value) }
            guard let child = child(of: value, at: entry.key) else { return nil }
            if entry.value == field { return (entry.key, field) }
            return intersection(entry.value, child).map { (entry.key, $0) }
        }
        return kept.isEmpty ? nil : .mapping(kept)
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

    /// Returns the part of a value that a key of a set names.
    static func child(of value: Node, at key: String) -> Node? {
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
            // A key that an item omits is assumed to match, because the server adds the key.
            return value.sequence?.first { item in
                item.mapping != nil && keys.allSatisfy { key in item[key.key].map { $0 == key.value } ?? true }
            }
        default: return nil
        }
    }
}

/// Objects to which a manifest has already been applied.
extension FieldSet {
    /// Whether all fields are in the status, or in parts of the metadata to which every manager may add.
    var isBesideContent: Bool {
        (root?.mapping?.entries ?? []).allSatisfy { entry in
            guard entry.key == "f:metadata" else { return entry.key == "f:status" }
            let below = (entry.value.mapping?.entries ?? []).map(\.key)
            return !below.isEmpty
                && below.allSatisfy { [".", "f:annotations", "f:finalizers", "f:labels"].contains($0) }
        }
    }

    /// Returns whether applying a configuration once more would leave an object as it is, without asking the server.
    ///
    /// The set contains the fields that the manager has applied to the object. The configuration must have exactly
    /// these fields, with the object's values and with list items in the same order. A value that the server writes in
    /// another form, such as a quantity, counts as different.
    ///
    /// - Parameters:
    ///   - configuration: The object as it would be sent.
    ///   - live: The object on the server.
    /// - Returns: `false` if something would change, or if only the server can decide.
    func isApplied(_ configuration: Node, in live: Node) -> Bool {
        guard let root, var wanted = configuration.mapping, let metadata = wanted["metadata"]?.mapping else {
            return false
        }
        // The fields that identify the object belong to no manager.
        let identity = ["apiVersion", "kind"].allSatisfy { wanted[$0] == live[$0] }
        let own = ["name", "namespace"].allSatisfy { metadata[$0] == nil || metadata[$0] == live["metadata"]?[$0] }
        guard identity, own else { return false }
        let rest = metadata.entries.filter { !["name", "namespace"].contains($0.key) }.map { ($0.key, $0.value) }
        (wanted["apiVersion"], wanted["kind"]) = (nil, nil)
        wanted["metadata"] = rest.isEmpty ? nil : .mapping(rest)
        return Self.isApplied(Node(.mapping(wanted), location: configuration.location), root, in: live)
    }

    private static func isApplied(_ wanted: Node, _ fields: Node, in live: Node) -> Bool {
        let below = (fields.mapping?.entries ?? []).filter { $0.key != "." }
        // The value is a scalar, or a mapping or list that the manager owns as a whole.
        guard !below.isEmpty else { return wanted == live }
        let count = wanted.mapping?.entries.count ?? wanted.sequence?.count ?? 0
        guard count == below.count else { return false }
        var places: [(wanted: Int, live: Int)] = []
        for entry in below {
            guard let child = child(of: wanted, at: entry.key), let present = self.child(of: live, at: entry.key),
                isApplied(child, entry.value, in: present)
            else { return false }
            guard let items = wanted.sequence, let others = live.sequence else { continue }
            guard let place = items.firstIndex(of: child), let other = others.firstIndex(of: present) else {
                return false
            }
            places.append((place, other))
        }
        let order = places.sorted { $0.wanted < $1.wanted }
        return zip(order, order.dropFirst()).allSatisfy { $0.wanted < $1.wanted && $0.live < $1.live }
    }
}

/// Objects to which an apply has not given the state that its manifest describes.
extension FieldSet {
    /// Returns whether the items of lists that are merged item by item are in the order of a configuration.
    ///
    /// The set contains the fields that the manager has applied.
    func isInOrder(_ configuration: Node, in object: Node) -> Bool {
        root.map { Self.isInOrder(configuration, object, $0) } ?? true
    }

    private static func isInOrder(_ wanted: Node, _ live: Node, _ fields: Node) -> Bool {
        var places: [(wanted: Int, live: Int)] = []
        for entry in fields.mapping?.entries ?? [] where entry.key != "." {
            guard let child = child(of: wanted, at: entry.key), let present = self.child(of: live, at: entry.key) else {
                continue
            }
            guard isInOrder(child, present, entry.value) else { return false }
            guard entry.key.hasPrefix("k:"), let place = wanted.sequence?.firstIndex(of: child),
                let other = live.sequence?.firstIndex(of: present)
            else { continue }
            places.append((place, other))
        }
        let order = places.sorted { $0.wanted < $1.wanted }
        return zip(order, order.dropFirst()).allSatisfy { $0.wanted == $1.wanted || $0.live <= $1.live }
    }

    /// Returns whether a list or mapping that was owned as a whole has items that a configuration does not have.
    ///
    /// - Parameters:
    ///   - before: The fields of the same manager when it owned the value as a whole.
    ///   - configuration: The object as it is applied.
    ///   - object: The object after the apply.
    /// - Returns: Whether there are such items.
    func hasRest(of before: Self, beside configuration: Node, in object: Node) -> Bool {
        guard let root, let old = before.root else { return false }
        return Self.hasRest(root, old, configuration, object)
    }

    private static func hasRest(_ fields: Node, _ before: Node, _ wanted: Node, _ live: Node) -> Bool {
        (fields.mapping?.entries ?? []).contains { entry in
            guard entry.key != ".", entry.value != field, let old = before[entry.key],
                let child = child(of: wanted, at: entry.key), let present = self.child(of: live, at: entry.key)
            else { return false }
            guard old == field else { return hasRest(entry.value, old, child, present) }
            func count(_ node: Node) -> Int { node.sequence?.count ?? node.mapping?.entries.count ?? 0 }
            return count(present) > count(child)
        }
    }
}

extension Node {
    /// Returns whether an object contains all values of a manifest, in the same form.
    ///
    /// A value that the server writes in another form, such as a quantity, counts as different.
    func includes(_ manifest: Node) -> Bool {
        switch (content, manifest.content) {
        case (.mapping(let own), .mapping(let wanted)):
            return wanted.entries.allSatisfy { entry in own[entry.key]?.includes(entry.value) ?? entry.value.isNull }
        case (.sequence(let own), .sequence(let wanted)):
            return own.count == wanted.count && zip(own, wanted).allSatisfy { $0.includes($1) }
        default: return self == manifest
        }
    }
}
