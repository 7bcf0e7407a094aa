import Base
import YAML

/// Reads one mapping of a task file key by key.
///
/// The caller takes every key that the mapping may have. ``finish(shorthands:owner:)`` reports all other keys as
/// unknown.
struct MappingReader {
    /// The entries as they were written.
    let entries: [Mapping.Entry]
    /// The location for problems about missing keys.
    let location: SourceLocation
    /// The name of the mapping in messages.
    let subject: MappingName
    /// The variables that are replaced in the strings of the mapping.
    ///
    /// Reading the roles of a task changes this property to the variables for these roles.
    var variables: Variables
    /// The collector to which problems are reported.
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

    /// Returns the entry of a key as written, or `nil` if there is none, and marks the key as known.
    mutating func take(_ key: String) -> Mapping.Entry? {
        known.append(key)
        return entries.first { $0.key == key }
    }

    /// Marks keys as known, whether they have an entry or not.
    mutating func markKnown(_ keys: [String]) {
        known += keys
    }

    /// Returns the locations of the keys `owner` and `group` of a file.
    func accountLocations() -> [Footprint.Account.Kind: SourceLocation] {
        let kinds: [(String, Footprint.Account.Kind)] = [("owner", .user), ("group", .group)]
        return Dictionary(
            uniqueKeysWithValues: kinds.compactMap { key, kind in
                entries.first { $0.key == key }.map { (kind, $0.value.location) }
            }
        )
    }

    func isKnown(_ key: String) -> Bool { known.contains(key) }

    /// Returns whether a key has an entry, without marking the key as known.
    func has(_ key: String) -> Bool {
        entries.contains { $0.key == key }
    }

    /// Returns the value of an entry, with `node` as its content if given.
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
    ///   - expected: The expected value, for messages.
    ///   - hint: The hint for a value that is not a mapping.
    /// - Returns: The mapping, or `nil` if the key is missing or has another value. Another value has been reported.
    mutating func fields(_ key: String, expected: String = "a mapping", hint: String? = nil) -> MappingReader? {
        take(key).flatMap { value(of: $0).mapping(expected, hint: hint) }
    }

    /// Reports a missing key.
    ///
    /// An example that begins with `[` or `{` is a list or a mapping in YAML, one that begins with `PATH (` says which path belongs there, and any
    /// other example is a string.
    func reportMissing(_ key: String, _ example: String) {
        let isAsWritten = example.hasPrefix("[") || example.hasPrefix("{") || example.hasPrefix("PATH (")
        let value = isAsWritten ? example : typed(example)
        problems.addMissing(location, "\(subject.label(key)) is missing", hint: "add \(key): \(value)")
    }

    /// Reports a `mode` that gives every user access to a secret file.
    func reportOpenMode(_ mode: UInt16, of file: String) {
        guard mode & 0o007 != 0, let entry = entries.first(where: { $0.key == "mode" }) else { return }
        problems.add(
            entry.value.location,
            "\(subject.label("mode")) is 0\(String(mode, radix: 8)), with which every user can use \(file)",
            hint: "write mode: 0\(String(mode & 0o770, radix: 8))"
        )
    }

    /// Returns the location of a key's value, or of the mapping if the key is missing.
    func location(ofKey key: String) -> SourceLocation {
        entries.first { $0.key == key }?.value.location ?? location
    }

    /// Reports every key that was not taken.
    ///
    /// ``KeyCorrections`` has already reported keys of task files that are misspelt or belong to a mapping nearby.
    ///
    /// - Parameter shorthands: Known keys that hints list last, with the verb to which each key belongs.
    func finish(shorthands: [(keys: [String], owner: String)] = []) {
        guard !entries.allSatisfy({ known.contains($0.key) }) else { return }
        let added = shorthands.map { "; or \(list($0.keys.sorted(), "or")) of '\($0.owner)'" }.joined()
        let own = Set(known).filter { key in !shorthands.contains { $0.keys.contains(key) } }.sorted()
        for entry in entries where !known.contains(entry.key) {
            // A mapping in a task without a verb is meant as one.
            let isVerb =
                known.contains(verbNames[0]) && entry.value.mapping != nil
                && !entries.contains { verbNames.contains($0.key) }
            let expected = isVerb ? list(verbNames, "or") : few(own, limit: 24) + added
            problems.add(
                entry.location,
                "unknown key \(quoted(entry.key)) in \(subject.name)",
                hint: joinedPair(entry.key, known)
                    ?? problems.hint(for: entry.key, in: known, else: "expected one of \(expected)")
            )
        }
    }
}

/// Returns what to write if a text is a key and its value without the space after `:`.
///
/// - Parameters:
///   - text: The text, such as `path:/etc/hosts`.
///   - keys: The known keys.
/// - Returns: The hint, or `nil` if the text does not begin with a known key and `:`.
func joinedPair(_ text: String, _ keys: some Sequence<String>) -> String? {
    guard let colon = text.firstIndex(of: ":"), keys.contains(String(text[..<colon])) else { return nil }
    let value = text[text.index(after: colon)...]
    guard let first = value.first, !first.isWhitespace else { return nil }
    return "write '\(text[..<colon]): \(value)': a space is missing after ':'"
}

/// The name of a mapping of a task file, and of its keys, in messages.
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

    /// Returns the name of a key in the mapping: `'apply.wait' of task 'rbac'`.
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
    /// Returns whether exactly one of the given keys is present, after reporting a problem if not.
    @discardableResult func requireOne(of keys: [String], example: String) -> Bool {
        let written = entries.filter { keys.contains($0.key) }
        guard written.count != 1 else { return true }
        let all = list(keys.map { "'\($0)'" }, "or")
        if written.count > 1 {
            let found = list(written.map { "'\($0.key)'" })
            problems.add(
                written[1].location,
                "\(subject.name) must have one of \(all), found \(found)",
                hint: "remove one"
            )
        } else if !entries.contains(where: { joinedPair($0.key, keys) != nil }) {
            problems.addMissing(
                location,
                "\(subject.name) must have one of \(all)",
                hint: "add \(example)"
            )
        }
        return false
    }

    /// Reports a key that is present without any of the keys that it requires.
    func reportMisplacedKey(_ key: String, goesWith others: [String]) {
        guard let entry = entries.first(where: { $0.key == key }), !others.contains(where: has) else { return }
        let all = list(others.map { "'\($0)'" }, "or")
        problems.add(
            entry.location,
            "\(subject.label(key)) goes with \(all) only",
            hint: "remove \(key):"
        )
    }
}
