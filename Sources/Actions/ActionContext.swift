public import Base
import Execution
public import HTTP
public import Host
public import Kubernetes
public import Planning

/// What all actions of a run share.
public struct RunEnvironment: Sendable {
    /// The node's files.
    public var files: NodeFiles
    /// What carries requests.
    public var http: HTTPClient
    /// The clients of the API servers.
    public var connections: Connections
    /// The whole plan of the node, not only what is run of it.
    public let plan: Plan
    /// Which task of the plan writes which path.
    let producers: PathProducers
    /// The values for `${name}` in manifests.
    public var variables: Variables
    /// The variables that manifests have to use.
    public var dropInVariables: [DropInVariable]
    /// The tasks once the address of the node is known, `nil` if none may depend on it.
    public var addressed: AddressedTasks?
    /// The objects that a dry run would have created, `nil` when the run is real.
    public var dryRunOverlay: DryRunOverlay?
    /// The environment that child processes start from.
    public var processEnvironment: [String: String]
    /// The directory in which each task has one for what it keeps.
    public var cacheDirectory: String
    /// The node's name, by which others know who holds a Lease.
    public var hostName: String
    /// Whether systemd started this process, in the sandbox of a unit.
    public var isService: Bool
    /// The flags of a call that is to be about the same node, such as `--root` and `/mnt`.
    public var callArguments: [String]

    /// The kinds and namespaces that manifests define, by task, as far as they were needed for a hint.
    let providedTypes = ProvidedTypesCache()

    /// Which task describes which object.
    let describedObjects = DescribedObjects()

    /// Whether the schemas of the API servers are kept for `check` although no object is refused.
    public var keepsSchemas = false

    /// The warnings of credentials that were emitted in this run.
    let reportedWarnings = ReportedWarnings()

    /// The clock with which certificates are compared.
    public var now: @Sendable () -> Timestamp = { .now() }

    public init(
        files: NodeFiles,
        http: HTTPClient,
        plan: Plan,
        variables: Variables,
        dropInVariables: [DropInVariable] = [],
        processEnvironment: [String: String],
        cacheDirectory: String = "/var/lib/nest-bootstrap/cache",
        hostName: String = Machine.hostName(),
        isService: Bool = false,
        callArguments: [String] = [],
    ) {
        self.files = files
        self.http = http
        self.connections = Connections(http: http, files: files)
        self.plan = plan
        self.producers = PathProducers(plan)
        self.variables = variables
        self.dropInVariables = dropInVariables
        self.dryRunOverlay = files.isDryRun ? DryRunOverlay() : nil
        self.processEnvironment = processEnvironment
        self.cacheDirectory = cacheDirectory
        self.hostName = hostName
        self.isService = isService
        self.callArguments = callArguments
    }

    /// Writes the call that runs a task of this node, for a hint.
    func quotedCall(running task: String) -> String {
        quotedShellLine(["nest-bootstrap", "run", "--task", task] + callArguments)
    }
}

/// What one action works with.
struct ActionContext: Sendable {
    /// What all actions share.
    let run: RunEnvironment
    let task: PlannedTask
    /// The instant at which the action gives up.
    let deadline: ContinuousClock.Instant
    /// Receives what happens in this task.
    let emit: Emitter

    /// What is left of the task's programs.
    let survivor = SurvivingProcess()

    /// The pinned URLs.
    var cache: DigestCache { DigestCache(run: run, task: task.name, deadline: deadline, emit: emit) }

    /// The context of a look at the present state: with little time, and without reports of what is waited for.
    func probing(_ limit: Duration) -> Self {
        let emitter = Emitter { [emit] kind, location in
            guard case .warning = kind else { return }
            emit(kind, file: location.file, line: location.line, function: location.function)
        }
        return Self(run: run, task: task, deadline: min(deadline, .now + limit), emit: emitter)
    }

    /// Emits that a file would be written, if a dry run cannot know its content, because other tasks issue a part of it.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - mode: Its permissions.
    ///   - sources: The files that it is made from.
    /// - Returns: Whether that is so.
    /// - Throws: ``Base/SystemError`` if there are too many links on the way to the file.
    func emitUnknown(_ path: String, mode: UInt32, from sources: [String]) throws(SystemError) -> Bool {
        guard sources.contains(where: run.files.isOfUnknownContent) else { return false }
        try run.files.rememberUnknown(mode: mode, at: path)
        emit(.planned("would write '\(path)', with what other tasks issue first"))
        return true
    }

    /// How requests of the task are retried.
    var retryPolicy: RetryPolicy {
        RetryPolicy(deadline: deadline) { [emit] in emit(.waiting($0)) }
    }
}
