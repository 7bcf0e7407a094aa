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

    /// Returns whether a name is meant as a pattern because it contains `*`.
    static func isMeant(by name: String) -> Bool { name.utf8.contains(UInt8(ascii: "*")) }

    /// Returns whether the pattern matches a host name.
    func matches(_ host: String) -> Bool {
        host.hasPrefix(prefix) && host.hasSuffix(suffix) && host.utf8.count >= prefix.utf8.count + suffix.utf8.count
    }

    /// Returns a host name that matches the pattern, with a number in place of `*`.
    func example(_ number: Int) -> String { "\(prefix)\(number)\(suffix)" }
}
