/// Verb `file`: a file is to have a content.
public struct FileDeclaration: Sendable, Hashable {
    /// Where the content comes from.
    public enum Source: Sendable, Hashable {
        /// Another file, copied byte by byte.
        case path(PathReference)
        /// Text in the task file.
        case content(String)
    }

    /// The file to write.
    public var path: PathReference

    /// Its content.
    public var source: Source

    /// Its permissions, 0644 unless said.
    public var mode: UInt16

    /// Its owner's name or number, the agent's own unless said.
    public var owner: String?

    /// Its group's name or number, the agent's own unless said.
    public var group: String?

    /// Creates a declaration.
    public init(
        path: PathReference,
        source: Source,
        mode: UInt16 = 0o644,
        owner: String? = nil,
        group: String? = nil,
    ) {
        self.path = path
        self.source = source
        self.mode = mode
        self.owner = owner
        self.group = group
    }
}
