import Base
import YAML

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

    /// Returns whether this pattern matches every host name that another pattern matches.
    func contains(_ other: Self) -> Bool { other.prefix.hasPrefix(prefix) && other.suffix.hasSuffix(suffix) }

    /// Returns whether some host name matches both this pattern and another pattern.
    func overlaps(_ other: Self) -> Bool {
        (prefix.hasPrefix(other.prefix) || other.prefix.hasPrefix(prefix))
            && (suffix.hasSuffix(other.suffix) || other.suffix.hasSuffix(suffix))
    }

    /// Returns a pattern that matches only host names that match both this pattern and another pattern.
    func intersection(_ other: Self) -> String {
        let prefix = prefix.utf8.count > other.prefix.utf8.count ? prefix : other.prefix
        let suffix = suffix.utf8.count > other.suffix.utf8.count ? suffix : other.suffix
        return "\(prefix)*\(suffix)"
    }

    /// Returns a host name that matches the pattern, with a number in place of `*`.
    func example(_ number: Int) -> String { "\(prefix)\(number)\(suffix)" }
}

/// The patterns among the names of section `nodes`.
struct HostPatterns {
    /// The valid patterns, the most specific first.
    private let usable: [(pattern: HostPattern, entry: Mapping.Entry)]
    /// The entries whose names contain `*` but are not valid patterns.
    private let malformed: [Mapping.Entry]

    init(_ nodes: [Mapping.Entry]) {
        let entries = nodes.filter { Self.isMeant(by: $0.key) }
        // If one pattern contains another, the contained pattern is longer and so more specific.
        usable = entries.compactMap { entry in HostPattern(entry.key).map { ($0, entry) } }
            .sorted { $0.1.key.utf8.count > $1.1.key.utf8.count }
        malformed = entries.filter { HostPattern($0.key) == nil }
    }

    /// Returns whether a name is meant as a pattern because it contains `*`.
    static func isMeant(by name: String) -> Bool { name.utf8.contains(UInt8(ascii: "*")) }

    /// Returns the entry of the most specific pattern that matches a host name.
    func entry(matching host: String) -> Mapping.Entry? { usable.first { $0.pattern.matches(host) }?.entry }

    /// Reports invalid patterns, and overlapping patterns neither of which is more specific.
    func check(_ problems: ProblemCollector) {
        for entry in malformed {
            problems.add(
                entry.location,
                "\(quoted(entry.key)) cannot be a pattern of host names",
                hint: "write one '*'"
            )
        }
        guard usable.count <= Limit.patternCount else {
            let location = usable[Limit.patternCount].entry.location
            problems.add(location, "'nodes' has more than \(Limit.patternCount) patterns")
            return
        }
        for (index, later) in usable.enumerated() {
            for earlier in usable[..<index] where later.pattern.overlaps(earlier.pattern) {
                guard !later.pattern.contains(earlier.pattern), !earlier.pattern.contains(later.pattern) else {
                    continue
                }
                let example = later.pattern.intersection(earlier.pattern)
                problems.add(
                    later.entry.location,
                    "hosts such as \(quoted(example)) match \(quoted(later.entry.key)) and \(quoted(earlier.entry.key)) at "
                        + "\(earlier.entry.location), and neither is more specific",
                    hint: "write one pattern for both, or list the nodes by name"
                )
            }
        }
    }
}
