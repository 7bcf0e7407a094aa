/// A task file as it was read, before its content was read.
public struct SourceFile: Sendable, Hashable {
    /// The path, which messages show and which relative paths in the file are relative to.
    public var path: String

    /// The content of the file.
    public var bytes: [UInt8]

    public init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
    }
}

/// The facts about a node in addition to its task files.
public struct NodeFacts: Sendable, Hashable {
    /// The host name, which `nodes` gives a role to.
    public var hostName: String

    /// The role said by `--role`.
    public var role: String?

    /// The role said by the environment's `NEST_ROLE`.
    public var environmentRole: String?

    /// Its address, if it is known.
    public var address: NodeAddress

    /// Creates facts; an empty role counts as none.
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
