/// The raw content of a task file.
public struct SourceFile: Sendable, Hashable {
    /// The path, which messages show and whose directory is the base of relative paths in the file.
    public var path: String

    /// The content of the file.
    public var bytes: [UInt8]

    public init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
    }
}

/// Facts about a node that are not in its task files.
public struct NodeFacts: Sendable, Hashable {
    /// The host name, by which section `nodes` lists the node.
    public var hostName: String

    /// The value of `--role`.
    public var role: String?

    /// The value of the environment variable `NEST_ROLE`.
    public var environmentRole: String?

    /// The node's address, if it is known.
    public var address: NodeAddress

    /// Creates facts; an empty role counts as no role.
    public init(
        hostName: String,
        role: String? = nil,
        environmentRole: String? = nil,
        address: NodeAddress = .unknown(),
    ) {
        self.hostName = hostName
        self.address = address
        self.role = role == "" ? nil : role
        self.environmentRole = environmentRole == "" ? nil : environmentRole
    }
}
