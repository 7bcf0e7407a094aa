import Base
import YAML

/// The fields of an object on the server, with their managers.
///
/// It decides how an object is sent so that certain fields keep the values that they have on the server.
struct LiveFields {
    /// A part of the object, with the fields of the managers in it.
    private struct Part {
        /// The value, `nil` if the object does not have it.
        var live: Node?
        /// The fields of this agent, including those of managers that it takes over.
        var own: Node?
        /// The fields that other managers have applied.
        var applied: Node?
        /// The fields of all other managers.
        var others: Node?

        /// Returns the part at a key of a set.
        func child(_ key: String) -> Part {
            Part(
                live: live.flatMap { FieldSet.child(of: $0, at: key) },
                own: own?[key],
                applied: applied?[key],
                others: others?[key]
            )
        }

        /// The keys of list items in the sets, empty for a list that is owned as a whole.
        var itemKeys: [String] {
            let keys = [own, others].flatMap { ($0?.mapping?.entries ?? []).map(\.key) }
            return keys.filter { $0.hasPrefix("k:") || $0.hasPrefix("v:") }
        }

        /// Whether a set has fields below the part.
        var hasFieldsBelow: Bool {
            [own, others].contains { ($0?.mapping?.entries ?? []).contains { $0.key != "." } }
        }

        /// Whether this agent owns the mapping or list itself, which it loses if it is not sent.
        var isOwnItself: Bool { own.map { $0["."] != nil || $0 == .mapping([:]) } ?? false }
    }

    private let root: Part

    /// Reads the managed fields of an object.
    ///
    /// - Parameters:
    ///   - live: The object.
    ///   - managers: The managers whose fields count as those of this agent.
    init(_ live: Node, takingFrom managers: TakenManagers) {
        let lastApplied = Takeover.lastApplied(of: live)
        var (own, applied, others) = (FieldSet(nil), FieldSet(nil), FieldSet(nil))
        for entry in live["metadata"]?["managedFields"]?.sequence ?? [] {
            guard !ManagedMetadata.isOwn(entry) else {
                own = own.union(FieldSet(entry["fieldsV1"]))
                continue
            }
            let share = managers.share(of: entry, lastApplied: lastApplied)
            let rest = share?.rest ?? FieldSet(entry["fieldsV1"])
            if let share { own = own.union(share.moved) }
            others = others.union(rest)
            if entry["operation"]?.string == "Apply" { applied = applied.union(rest) }
        }
        root = Part(live: live, own: own.root, applied: applied.root, others: others.root)
    }

    /// Returns an object to send with which a field stays as it is on the server.
    ///
    /// The field has the value that it has on the server, or is left out if it then stays with another manager: the
    /// server removes a field that this agent no longer sends unless another manager has applied it. What the object on
    /// the server does not have at all is sent as it is, with the field in it.
    ///
    /// - Parameters:
    ///   - path: The field.
    ///   - body: The object as it would be sent.
    /// - Returns: The object, unchanged if it does not have the field.
    func retaining(_ path: FieldPath, in body: Node) -> Node {
        Self.descend(path.text[...], body, root) ?? body
    }

    private static func descend(_ rest: Substring, _ wanted: Node, _ part: Part) -> Node? {
        var rest = rest.first == "." ? rest.dropFirst() : rest
        guard !rest.isEmpty else { return retained(wanted, part) }
        guard let live = part.live else { return wanted }
        switch wanted.content {
        case .mapping(var mapping):
            let key = FieldPath.key(in: mapping, &rest)
            guard let value = mapping[key] else { return wanted }
            mapping[key] = descend(rest, value, part.child("f:\(key)"))
            return mapping.entries.isEmpty && !part.isOwnItself
                ? nil : Node(.mapping(mapping), location: wanted.location)
        case .sequence(var items):
            guard rest.first == "[" else { return wanted }
            let selector = ItemSelector(FieldPath.bracketed(&rest))
            guard let item = selector.items(of: items).first, let index = items.firstIndex(of: item) else {
                return wanted
            }
            let inner: Part
            let key = key(of: item, in: part)
            if let key {
                inner = part.child(key)
            } else {
                // The list is owned as a whole, or the object on the server does not have the item.
                let there = part.itemKeys.isEmpty ? selector.items(of: live.sequence ?? []).first : nil
                inner = Part(live: there)
            }
            guard inner.live != nil else { return wanted }
            if let kept = descend(rest, item, inner) {
                items[index] = key.map { withKeys(kept, of: item, $0) } ?? kept
            } else if let key, inner.own != nil {
                items[index] = withKeys(.mapping([:]), of: item, key)
            } else {
                items.remove(at: index)
            }
            return items.isEmpty && !part.isOwnItself ? nil : Node(.sequence(items), location: wanted.location)
        case .null, .boolean, .number, .string: return wanted
        }
    }

    /// Returns what is sent for a part that stays as it is on the server, `nil` if it is left out.
    private static func retained(_ wanted: Node?, _ part: Part) -> Node? {
        guard let live = part.live else { return nil }
        if live.mapping != nil, part.hasFieldsBelow { return retained(mapping: wanted, part, live) }
        if live.sequence != nil, !part.itemKeys.isEmpty { return retained(list: wanted, part, live) }
        // Of the managers that own the same value, only one that applies keeps it from being removed.
        let isLeft = part.own == nil ? part.others != nil : part.applied != nil
        return isLeft ? nil : live
    }

    private static func retained(mapping wanted: Node?, _ part: Part, _ live: Node) -> Node? {
        let own = (part.own?.mapping?.entries ?? []).map(\.key).filter { $0.hasPrefix("f:") }
        let keys = ((wanted?.mapping?.entries ?? []).map { "f:\($0.key)" } + own).unique()
        let pairs = keys.compactMap { key -> (String, Node)? in
            let name = String(key.dropFirst(2))
            return retained(wanted?[name], part.child(key)).map { (name, $0) }
        }
        return pairs.isEmpty && !part.isOwnItself ? nil : .mapping(pairs, location: live.location)
    }

    private static func retained(list wanted: Node?, _ part: Part, _ live: Node) -> Node? {
        let written = (wanted?.sequence ?? []).map { (item: $0, key: key(of: $0, in: part)) }
        let own = part.itemKeys.filter { part.own?[$0] != nil }
        let keys = (written.compactMap(\.key) + own).unique()
        let items = keys.compactMap { key -> Node? in
            let inner = part.child(key)
            guard let present = inner.live else { return nil }
            let kept = retained(written.first { $0.key == key }?.item, inner)
            guard key.hasPrefix("k:"), kept != nil || inner.own != nil else { return kept }
            return withKeys(kept ?? .mapping([:]), of: present, key)
        }
        return items.isEmpty && !part.isOwnItself ? nil : Node(.sequence(items), location: live.location)
    }

    /// Returns the key of a list item in the sets, `nil` if no manager owns the item.
    private static func key(of item: Node, in part: Part) -> String? {
        part.itemKeys.first { FieldSet.child(of: .sequence([item]), at: $0) != nil }
    }

    /// Returns an item with the fields that identify it in its list.
    private static func withKeys(_ kept: Node, of item: Node, _ key: String) -> Node {
        guard var mapping = kept.mapping else { return kept }
        let names = (try? readJSON(Array(key.dropFirst(2).utf8), file: "managedFields"))?.mapping?.entries ?? []
        for name in names.map(\.key) where mapping[name] == nil { mapping[name] = item[name] }
        return Node(.mapping(mapping), location: kept.location)
    }
}
