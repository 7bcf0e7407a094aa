import Base
import YAML

/// One mapping of a task file while it is read key by key.
///
/// Its reader asks for every key that it may have; all others are reported as unknown in the end.
struct MappingReader {
    /// The entries as they were written.
    let entries: [Mapping.Entry]
    /// Where the mapping is, for what is missing in it.
    let location: SourceLocation
    /// How messages name the mapping.
    let subject: MappingName
    /// The variables that are replaced in its strings; those of another role once the roles are known.
    var variables: Variables
    /// Where problems are reported.
    let problems: ProblemCollector
    private var known: [String] = []

    init(
        _ entries: [Mapping.Entry],
        at location: SourceLocation,
        _ subject: MappingName,
        _ variables: Variables,
        _ problems: ProblemCollector
    ) {
        self.entries = entries
        self.location = location
        self.subject = subject
        self.variables = variables
        self.problems = problems
    }

    /// Takes an entry as it was written, or `nil` if there is none.
    mutating func take(_ key: String) -> Mapping.Entry? {
        known.append(key)
        return entries.first { $0.key == key }
    }

    /// Returns whether there is an entry, without making the key a known one.
    func has(_ key: String) -> Bool {
        entries.contains { $0.key == key }
    }

    /// The value of an entry, after its variables were replaced.
    func value(of entry: Mapping.Entry, replaced node: Node? = nil) -> ConfigValue {
        ConfigValue(
            node: node ?? entry.value,
            key: entry.key,
            label: subject.label(entry.key),
            location: entry.location,
            subject: subject.below(entry.key),
            variables: variables,
            problems: problems,
        )
    }

    /// Reads a mapping below a key.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - expected: How a message names the mapping.
    ///   - hint: What to write instead of a value that is no mapping.
    /// - Returns: The mapping, or `nil` if there is none, which has been reported if there is another value.
    mutating func fields(
        _ key: String,
        expected: String = "a mapping",
        hint: (Node) -> String? = { _ in nil },
    ) -> MappingReader? {
        guard let entry = take(key) else { return nil }
        return value(of: entry).mapping(expected, hint: hint(entry.value))
    }

    /// Reports that a key must be there; an example that is a list is in YAML's notation.
    func reportMissing(_ key: String, _ example: String) {
        let value = example.hasPrefix("[") ? example : typed(example)
        problems.add(location, "\(subject.label(key)) is missing", hint: "add \(key): \(value)")
    }

    /// Refuses a `mode` with which every user can use a secret file.
    func reportOpenMode(_ mode: UInt16, of file: String) {
        guard mode & 0o007 != 0, let entry = entries.first(where: { $0.key == "mode" }) else { return }
        problems.add(
            entry.value.location,
            "\(subject.label("mode")) is 0\(String(mode, radix: 8)), with which every user can use \(file)",
            hint: "write mode: 0\(String(mode & 0o770, radix: 8))"
        )
    }

    /// Reports every key that was not asked for.
    ///
    /// - Parameters:
    ///   - shorthands: Known keys that hints only add, with the key whose keys they are.
    ///   - owner: The key below which an unknown key belongs, if any.
    /// - Returns: The names that were hinted at.
    @discardableResult
    func finish(
        shorthands: [(keys: [String], owner: String)] = [],
        owner: (String) -> String? = { _ in nil },
    ) -> [String] {
        let added = shorthands.map { "; or \(list($0.keys.sorted(), "or")) of '\($0.owner)'" }.joined()
        let own = Set(known).filter { key in !shorthands.contains { $0.keys.contains(key) } }.sorted()
        var near: [String] = []
        for entry in entries where !known.contains(entry.key) {
            let meant = problems.nearName(to: entry.key, in: known)
            let owner = meant == nil ? owner(entry.key) : nil
            near += [meant, owner].compactMap(\.self)
            let suggestion =
                meant.map { "did you mean '\($0)'?" } ?? owner.map { "write '\($0): {\(entry.key): …}'" }
            problems.add(
                entry.location,
                "unknown key \(quoted(entry.key)) in \(subject.name)",
                hint: suggestion ?? "expected one of \(few(own, limit: 24))\(added)",
            )
        }
        return near
    }
}

/// How messages name a mapping of a task file and what is in it.
struct MappingName {
    /// The owner of the mapping, such as `task 'rbac'`, or `nil` for a section of the file.
    var owner: String?
    /// The keys that lead to the mapping.
    var path: [String] = []

    /// The mapping itself: `task 'rbac'`, `'apply' of task 'rbac'`, `'cluster'`.
    var name: String {
        guard !path.isEmpty else { return owner ?? "a task file" }
        return label(ofPath: path)
    }

    /// A key in it: `'apply.wait' of task 'rbac'`.
    func label(_ key: String) -> String {
        label(ofPath: path + [key])
    }

    func below(_ key: String) -> Self {
        Self(owner: owner, path: path + [key])
    }

    private func label(ofPath path: [String]) -> String {
        let key = quoted(path.joined(separator: "."))
        return owner.map { "\(key) of \($0)" } ?? key
    }
}

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
