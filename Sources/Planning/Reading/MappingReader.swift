import Base
import YAML

/// Reads one mapping of a task file key by key.
///
/// ``KeyCorrections`` has reported the keys that the mapping cannot have.
struct MappingReader {
    /// The entries as they were written.
    var entries: [Mapping.Entry]
    /// The location for problems about missing keys.
    let location: SourceLocation
    /// The name of the mapping in messages.
    var subject = MappingName()
    /// The variables that are replaced in the strings of the mapping.
    ///
    /// Reading the roles of a task changes this property to the variables for these roles.
    var variables = Variables()
    /// The collector to which problems are reported.
    let problems: ProblemCollector

    /// Returns the entry of a key as written, or `nil` if there is none.
    func entry(_ key: String) -> Mapping.Entry? { entries.first { $0.key == key } }

    /// Returns the locations of the keys `owner` and `group` of a file.
    func accountLocations() -> [Footprint.Account.Kind: SourceLocation] {
        let kinds: [(String, Footprint.Account.Kind)] = [("owner", .user), ("group", .group)]
        return Dictionary(
            uniqueKeysWithValues: kinds.compactMap { key, kind in
                entry(key).map { (kind, $0.value.location) }
            }
        )
    }

    func has(_ key: String) -> Bool { entry(key) != nil }

    /// Returns the value of an entry, with `node` as its content if given.
    func value(of entry: Mapping.Entry, replaced node: Node? = nil) -> ConfigValue {
        ConfigValue(
            node: node ?? entry.value,
            key: entry.key,
            label: subject.label(entry.key),
            keyLocation: entry.location,
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
    func fields(_ key: String, expected: String = "a mapping", hint: String? = nil) -> MappingReader? {
        entry(key).flatMap { value(of: $0).mapping(expected, hint: hint) }
    }

    /// Reports a problem with a key, in words that follow the name of the key.
    func report(_ key: String, _ predicate: String, at location: SourceLocation? = nil, hint: String? = nil) {
        problems.add(location ?? self.location(ofKey: key), "\(subject.label(key)) \(predicate)", hint: hint)
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
        guard mode & 0o007 != 0, has("mode") else { return }
        report(
            "mode",
            "is 0\(String(mode, radix: 8)), with which every user can use \(file)",
            hint: "write mode: 0\(String(mode & 0o770, radix: 8))"
        )
    }

    /// Returns the location of a key's value, or of the mapping if the key is missing.
    func location(ofKey key: String) -> SourceLocation {
        entry(key)?.value.location ?? location
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
        guard let entry = entry(key), !others.contains(where: has) else { return }
        let all = list(others.map { "'\($0)'" }, "or")
        report(key, "goes with \(all) only", at: entry.location, hint: "remove \(key):")
    }
}
