public import Base

/// The cluster that a node belongs to.
public struct ClusterDeclaration: Sendable, Hashable {
    /// The cluster's name, if the task file says one.
    public var name: String?

    /// The file of the CA that signs the API server's certificate.
    public var certificateAuthority: LocatedPath?

    /// The API server's URL by role.
    public var servers: [String: LocatedPath]

    /// The API server's URL for every role that ``servers`` does not name.
    public var server: LocatedPath?

    /// How the address of this node is chosen, if the task file says so.
    public var addressRule: AddressRule?

    /// The address that the control planes share, if the task file says one.
    public var virtualAddress: VirtualAddress?

    /// The ports at which nodes of a role are reached by other nodes.
    public var ports: [String: [PortRange]] = [:]

    /// How the node reports its state to the cluster, `nil` if it does not.
    public var report: ReportDeclaration? = ReportDeclaration()

    /// An address that moves between nodes.
    public struct VirtualAddress: Sendable, Hashable {
        public var address: IPAddress
        /// Where the task file has it.
        public var location: SourceLocation

        public init(_ address: IPAddress, at location: SourceLocation) {
            self.address = address
            self.location = location
        }
    }

    public init(
        name: String? = nil,
        certificateAuthority: LocatedPath? = nil,
        servers: [String: LocatedPath] = [:],
        server: LocatedPath? = nil,
    ) {
        self.name = name
        self.certificateAuthority = certificateAuthority
        self.servers = servers
        self.server = server
    }

    /// The ports at which a node with some roles is reached by other nodes, each range once.
    public func ports(for roles: [String]) -> [PortRange] {
        var seen: Set<PortRange> = []
        return roles.flatMap { ports[$0] ?? [] }.filter { seen.insert($0).inserted }
    }

    /// The API server's URL, as a node with some roles reaches it: that of the first role that has one.
    public func server(for roles: [String]) -> LocatedPath? {
        roles.lazy.compactMap { servers[$0] }.first ?? server
    }
}
