public import Base

/// The nodes and patterns of section `nodes`.
public struct Inventory: Sendable, Hashable {
    public struct Entry: Sendable, Hashable {
        /// The host name, or the pattern.
        public var name: String

        /// The roles, the first of which is the variable `node.role`.
        public var roles: [String]

        /// The address, or `nil` if a rule chooses it or the files do not contain it.
        public var address: IPAddress?

        var location: SourceLocation
    }

    /// The nodes, in the order of declaration.
    public let entries: [Entry]
    public let patterns: [Entry]

    private let positions: [String: Int]
    private let positionsByRole: [String: [Int]]

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

    /// Returns whether a name contains `*`, which matches any text.
    static func isPattern(_ name: String) -> Bool { name.utf8.contains(UInt8(ascii: "*")) }

    /// Returns the node or pattern of this name, or `nil` if the inventory does not contain it.
    public func entry(of name: String) -> Entry? {
        positions[name].map { entries[$0] } ?? patterns.first { $0.name == name }
    }

    public func nodes(of role: String) -> [Entry] { (positionsByRole[role] ?? []).map { entries[$0] } }

    /// Returns the first node with a role, or else the first pattern with the role.
    func firstNode(of role: String) -> Entry? {
        positionsByRole[role]?.first.map { entries[$0] } ?? patterns.first { $0.roles.contains(role) }
    }

    /// Returns the zero-based position of a node among the nodes with its first role, or `nil` for an unknown node.
    func index(of host: String) -> Int? {
        guard let position = positions[host], let role = entries[position].roles.first else { return nil }
        return positionsByRole[role]?.firstIndex(of: position)
    }

    var roles: Set<String> { Set(positionsByRole.keys).union(patterns.flatMap(\.roles)) }
}
