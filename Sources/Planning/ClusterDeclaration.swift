/// The cluster that a node belongs to.
public struct ClusterDeclaration: Sendable, Hashable {
    /// The cluster's name, if the task file says one.
    public var name: String?

    /// The file of the CA that signs the API server's certificate.
    public var certificateAuthority: PathReference?

    /// The API server's URL by role.
    public var servers: [String: PathReference]

    /// The API server's URL for every role that ``servers`` does not name.
    public var server: PathReference?

    /// Creates a declaration.
    public init(
        name: String? = nil,
        certificateAuthority: PathReference? = nil,
        servers: [String: PathReference] = [:],
        server: PathReference? = nil,
    ) {
        self.name = name
        self.certificateAuthority = certificateAuthority
        self.servers = servers
        self.server = server
    }

    /// The API server's URL, as nodes of a role reach it.
    public func server(for role: String?) -> PathReference? {
        role.flatMap { servers[$0] } ?? server
    }
}
