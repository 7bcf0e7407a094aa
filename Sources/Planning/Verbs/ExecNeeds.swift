/// What the systemd unit of an `exec` task lets its program do, besides running and saying so.
public struct ExecNeeds: Sendable, Hashable {
    /// The paths that it writes, besides what it `creates`.
    ///
    /// One with a slash at its end is a directory, made if it is missing; any other must be there already.
    public var writes: [PathReference]

    /// The credentials of other tasks that it reads, or directories of them.
    ///
    /// Those that its command line, its environment or `preStart` name need not be here.
    public var reads: [PathReference]

    /// Whether it talks to other machines, or to servers of this one.
    public var network: Bool

    /// The capabilities that it needs, by the names that systemd has for them.
    public var capabilities: [String]

    /// Creates a description, of a program that needs nothing unless told otherwise.
    public init(
        writes: [PathReference] = [],
        reads: [PathReference] = [],
        network: Bool = false,
        capabilities: [String] = [],
    ) {
        self.writes = writes
        self.reads = reads
        self.network = network
        self.capabilities = capabilities
    }
}
