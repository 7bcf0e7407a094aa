import YAML

/// Objects to which a manifest was applied already.
extension FieldSet {
    /// Returns whether applying a configuration once more would leave an object as it is, without asking the server.
    ///
    /// The set is that of the fields that the manager has applied to the object. The configuration has exactly these, each
    /// with the value that the object has, and items of lists in the same order. A value that the server writes in another
    /// form, such as a quantity, does not count as the same.
    ///
    /// - Parameters:
    ///   - configuration: The object as it would be sent.
    ///   - live: The object on the server.
    /// - Returns: `false` also if it cannot be said without the server.
    func isApplied(_ configuration: Node, in live: Node) -> Bool {
        guard let root, var wanted = configuration.mapping, let metadata = wanted["metadata"]?.mapping else {
            return false
        }
        // The fields that identify the object are those of no manager.
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
        // A scalar, or a mapping or list that the manager has as a whole.
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
