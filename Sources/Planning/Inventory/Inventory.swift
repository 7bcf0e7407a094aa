public import Base

/// The nodes that the task files list, in the order of the files, and the patterns for others.
public struct Inventory: Sendable, Hashable {
    /// One node, or a pattern for several.
    public struct Entry: Sendable, Hashable {
        /// The host name, or the pattern.
        public var name: String

        /// The roles; tasks see the first as `node.role`.
        public var roles: [String]

        /// The address, if the files say it.
        public var address: IPAddress?

        /// Where the files have it.
        public var location: SourceLocation
    }

    /// The nodes by host name.
    public let entries: [Entry]
    public let patterns: [Entry]

    private let positions: [String: Int]
    private let positionsByRole: [String: [Int]]

    /// Creates an inventory of nodes and patterns whose names differ.
    public init(_ entries: [Entry] = [], patterns: [Entry] = []) {
        self.entries = entries
        self.patterns = patterns
        positions = Dictionary(zip(entries.map(\.name), entries.indices)) { first, _ in first }
        var byRole: [String: [Int]] = [:]
        for (index, entry) in entries.enumerated() {
            for role in entry.roles { byRole[role, default: []].append(index) }
        }
        positionsByRole = byRole
    }

    /// The node of a host name, or the pattern of that name.
    public func entry(of name: String) -> Entry? {
        positions[name].map { entries[$0] } ?? patterns.first { $0.name == name }
    }

    /// The node of a host name, or the most specific pattern that matches it.
    public func entry(matching host: String) -> Entry? {
        if let position = positions[host] { return entries[position] }
        return patterns.filter { HostPattern($0.name)?.matches(host) == true }.max {
            $0.name.utf8.count < $1.name.utf8.count
        }
    }

    /// Returns whether the files list a host, by its name or with a pattern that matches it.
    public func lists(_ host: String) -> Bool {
        entry(matching: host) != nil
    }

    public func nodes(of role: String) -> [Entry] { (positionsByRole[role] ?? []).map { entries[$0] } }

    /// The first node that has a role, or else the first pattern.
    func firstNode(of role: String) -> Entry? {
        positionsByRole[role]?.first.map { entries[$0] } ?? patterns.first { $0.roles.contains(role) }
    }

    /// The position of a node among those that have its first role, from 0.
    func index(of host: String) -> Int? {
        guard let position = positions[host], let role = entries[position].roles.first else { return nil }
        return positionsByRole[role]?.firstIndex(of: position)
    }

    /// The roles of all nodes and patterns, each once.
    var roles: Set<String> { Set(positionsByRole.keys).union(patterns.flatMap(\.roles)) }
}
