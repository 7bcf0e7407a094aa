public import Base

/// The nodes that the task files list, in the order of the files.
public struct Inventory: Sendable, Hashable {
    /// One node.
    public struct Entry: Sendable, Hashable {
        /// The host name.
        public var name: String

        /// The roles; tasks see the first as `node.role`.
        public var roles: [String]

        /// The address, if the files say it.
        public var address: IPAddress?

        /// Where the files list the node.
        public var location: SourceLocation
    }

    /// The nodes.
    public let entries: [Entry]

    private let positions: [String: Int]
    private let positionsByRole: [String: [Int]]

    /// Creates an inventory of nodes whose names differ.
    public init(_ entries: [Entry] = []) {
        self.entries = entries
        positions = Dictionary(zip(entries.map(\.name), entries.indices)) { first, _ in first }
        var byRole: [String: [Int]] = [:]
        for (index, entry) in entries.enumerated() {
            for role in entry.roles { byRole[role, default: []].append(index) }
        }
        positionsByRole = byRole
    }

    /// The node of a host name.
    public func entry(of host: String) -> Entry? { positions[host].map { entries[$0] } }

    /// The nodes that have a role.
    public func nodes(of role: String) -> [Entry] { (positionsByRole[role] ?? []).map { entries[$0] } }

    /// The first node that has a role.
    func firstNode(of role: String) -> Entry? { positionsByRole[role]?.first.map { entries[$0] } }

    /// The position of a node among those that have its first role, from 0.
    func index(of host: String) -> Int? {
        guard let position = positions[host], let role = entries[position].roles.first else { return nil }
        return positionsByRole[role]?.firstIndex(of: position)
    }

    /// The roles of all nodes, each once.
    var roles: Set<String> { Set(positionsByRole.keys) }
}
