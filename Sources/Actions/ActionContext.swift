import Execution
public import HTTP
public import Kubernetes
public import Planning

/// What all actions of a run share.
public struct RunEnvironment: Sendable {
    /// The node's files.
    public var files: NodeFiles
    /// What carries requests.
    public var http: HTTPClient
    /// The API servers that were connected to.
    public var connections: Connections
    /// The whole plan of the node, not only what is run of it.
    public var plan: Plan
    /// The values for `${name}` in manifests.
    public var variables: Variables
    /// What a dry run has foretold, `nil` when the run is real.
    public var prophecy: Prophecy?
    /// The environment that child processes start from.
    public var processEnvironment: [String: String]
    /// Where pinned URLs are kept.
    public var cacheDirectory: String

    /// Creates an environment.
    public init(
        files: NodeFiles,
        http: HTTPClient,
        plan: Plan,
        variables: Variables,
        processEnvironment: [String: String],
        cacheDirectory: String = "/var/lib/nest-bootstrap/cache",
    ) {
        self.files = files
        self.http = http
        self.connections = Connections(http: http, files: files)
        self.plan = plan
        self.variables = variables
        self.prophecy = files.isDryRun ? Prophecy() : nil
        self.processEnvironment = processEnvironment
        self.cacheDirectory = cacheDirectory
    }
}

/// What one action works with.
struct ActionContext: Sendable {
    /// What all actions share.
    let run: RunEnvironment
    /// The task.
    let task: TaskDeclaration
    /// The instant at which the task is given up.
    let deadline: ContinuousClock.Instant
    /// Hears what happens in this task.
    let emit: Emitter

    /// The pinned URLs.
    var cache: DigestCache { DigestCache(run: run, deadline: deadline, emit: emit) }

    /// The task's patience with an API server.
    var patience: Patience {
        Patience(deadline: deadline) { [emit] in emit(.waiting($0)) }
    }
}
