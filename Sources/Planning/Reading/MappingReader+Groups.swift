import YAML

/// Keys that depend on each other.
extension MappingReader {
    /// Reports unless exactly one of some keys is present.
    func requireOne(of keys: [String], example: String) {
        let written = entries.filter { keys.contains($0.key) }
        guard written.count != 1 else { return }
        let all = list(keys.map { "'\($0)'" }, "or")
        if written.count > 1 {
            let found = list(written.map { "'\($0.key)'" })
            problems.add(
                written[1].location,
                "\(subject.name) must have one of \(all), found \(found)",
                hint: "remove one"
            )
        } else {
            problems.add(location, "\(subject.name) must have one of \(all)", hint: "add \(example)")
        }
    }

    /// Reports a key that has a meaning only together with others.
    func reportMisplacedKey(_ key: String, goesWith others: [String]) {
        guard let entry = entries.first(where: { $0.key == key }), !others.contains(where: has) else { return }
        let all = list(others.map { "'\($0)'" }, "or")
        problems.add(entry.location, "\(subject.label(key)) goes with \(all) only", hint: "remove \(key):")
    }
}
