import YAML

/// Keys that depend on each other, and mappings of free keys.
extension Fields {
    /// Tells if not exactly one of some keys is there.
    func tellUnlessOne(of keys: [String], example: String) {
        let written = entries.filter { keys.contains($0.key) }
        guard written.count != 1 else { return }
        let all = list(keys.map { "'\($0)'" }, "or")
        if written.count > 1 {
            let found = list(written.map { "'\($0.key)'" })
            problems.add(
                written[1].place,
                "\(subject.name) must have one of \(all), found \(found)",
                hint: "remove one"
            )
        } else {
            problems.add(place, "\(subject.name) must have one of \(all)", hint: "add \(example)")
        }
    }

    /// Tells a key that means something only beside others.
    func tellStray(_ key: String, goesWith others: [String]) {
        guard let entry = entries.first(where: { $0.key == key }), !others.contains(where: has) else { return }
        let all = list(others.map { "'\($0)'" }, "or")
        problems.add(entry.place, "\(subject.label(key)) goes with \(all) only", hint: "remove \(key):")
    }

    /// Reads a mapping of free keys to texts.
    mutating func texts(
        _ key: String,
        isKey: (Item, String) -> Bool,
        _ read: (Item) -> String?,
    ) -> [String: String] {
        guard let below = fields(key, expected: "a mapping of names to strings") else { return [:] }
        var texts: [String: String] = [:]
        for entry in below.entries {
            let label = below.subject.label(entry.key)
            guard let node = variables.replaced(entry.value, problems, hintsLiteral: true) else { continue }
            let item = Item(node: node, key: entry.key, label: label, problems: problems)
            if !isKey(item, entry.key) {
                problems.add(entry.place, "\(quoted(entry.key)) cannot be a name in \(below.subject.name)")
            }
            texts[entry.key] = read(item)
        }
        return texts
    }
}
