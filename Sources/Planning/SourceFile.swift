/// The raw content of a task file.
public struct SourceFile: Sendable, Hashable {
    /// The path for messages.
    ///
    /// Relative paths in the file are relative to the directory of this path.
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
    /// The host name, which identifies the node in section `nodes`.
    public var hostName: String

    /// The value of `--role`.
    public var role: String?

    /// The value of the environment variable `NEST_ROLE`.
    public var environmentRole: String?

    /// The node's address, if it is known.
    public var address: NodeAddress

    /// Creates the facts about a node.
    ///
    /// An empty role counts as no role.
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
