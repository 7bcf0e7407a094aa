/// A file, such as a task file, with its raw content.
public struct SourceFile: Sendable, Hashable {
    /// The path as shown in messages; relative paths in the file are relative to its directory.
    var path: String
    var bytes: [UInt8]

    public init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
    }
}

/// Facts about a node that are not in its task files.
public struct NodeFacts: Sendable, Hashable {
    /// The host name, which identifies the node in section `nodes`.
    public var hostName: String

    /// The value of option `--role`, or `nil` if it is missing or empty.
    var role: String?

    /// The value of environment variable `NEST_ROLE`, or `nil` if it is missing or empty.
    var environmentRole: String?

    public var address: NodeAddress

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
