import Base

/// A pattern of host names such as `worker-*`, in which one `*` matches any text.
struct HostPattern: Sendable, Hashable {
    /// The text before the `*`.
    private let prefix: String
    /// The text after the `*`.
    private let suffix: String

    /// Parses a pattern, which contains exactly one `*`.
    init?(_ text: String) {
        let parts = text.split(separator: "*", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        (prefix, suffix) = (String(parts[0]), String(parts[1]))
    }

    /// Returns whether the pattern matches a host name.
    func matches(_ host: String) -> Bool {
        host.hasPrefix(prefix) && host.hasSuffix(suffix) && host.utf8.count >= prefix.utf8.count + suffix.utf8.count
    }

    /// Returns a host name that matches the pattern, with a number in place of `*`.
    func example(_ number: Int) -> String { "\(prefix)\(number)\(suffix)" }
}

/// The patterns among the names of section `nodes`.
struct HostPatterns {
    /// The valid patterns, the longest first.
    private let usable: [(pattern: HostPattern, entry: Mapping.Entry)]
    /// The entries whose names contain `*` but are not valid patterns.
    private let malformed: [Mapping.Entry]

    init(_ nodes: [Mapping.Entry]) {
        let entries = nodes.filter { Self.isMeant(by: $0.key) }
        // A pattern that matches only hosts of another is longer than the other.
        usable = entries.compactMap { entry in HostPattern(entry.key).map { ($0, entry) } }
            .sorted { $0.1.key.utf8.count > $1.1.key.utf8.count }
        malformed = entries.filter { HostPattern($0.key) == nil }
    }

    /// Returns whether a name is meant as a pattern because it contains `*`.
    static func isMeant(by name: String) -> Bool { name.utf8.contains(UInt8(ascii: "*")) }

    /// Returns the entry of the longest pattern that matches a host name.
    func entry(matching host: String) -> Mapping.Entry? { usable.first { $0.pattern.matches(host) }?.entry }

    /// Reports invalid patterns.
    func check(_ problems: ProblemCollector) {
        for entry in malformed {
            problems.add(
                entry.location,
                "\(quoted(entry.key)) cannot be a pattern of host names",
                hint: "write one '*'"
            )
        }
    }
}
