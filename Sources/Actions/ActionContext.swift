public import Base
import Glibc
public import HTTP
public import Host
public import Kubernetes
public import Planning

/// The environment that all actions of a run share.
public struct RunEnvironment: Sendable {
    /// The node's files.
    public var files: NodeFiles
    /// The client that sends requests.
    public var http: HTTPClient
    /// The clients of the API servers.
    let connections = Connections()
    /// The whole plan of the node, including tasks that are not run.
    public let plan: Plan
    /// The tasks of the plan by the paths that they write.
    let producers: PathProducers
    /// The values for `${name}` in manifests.
    public var variables: Variables
    /// The tasks, read again once the node's address is known; `nil` if no task may depend on the address.
    public var addressed: AddressedTasks?
    /// The objects that a dry run would have created, `nil` in a real run.
    public var dryRunOverlay: DryRunOverlay?
    /// The base environment of child processes.
    public var processEnvironment: [String: String]
    /// The directory that contains a cache directory for each task.
    public static let usualCacheDirectory = "/var/lib/nest-bootstrap/cache"
    /// The time before its expiry from which a certificate causes a warning, `nil` for a share of its validity.
    public var warnBefore: Duration?
    /// The node's name, which identifies the holder of a Lease.
    public var hostName: String
    /// The task files, if programs are confined to sandboxes; `nil` if they have the rights of this process.
    public var confinedTaskFiles: [String]?
    /// Returns the process that does a part of a task; `nil` if this process may speak to a network.
    public var networkProcess: NetworkPart.Process?
    /// The flags that make another call use the same node, such as `--root` and `/mnt`.
    public var callArguments: [String]

    /// The objects that the tasks describe.
    let describedObjects = DescribedObjects()

    /// The warnings about credentials already emitted in this run.
    var reportedWarnings = SharedSet<[UInt8]>()

    /// The tasks that would start something in this dry run, such as a service that other tasks need.
    let startingTasks = SharedSet<String>()

    /// The clock with which the validity of certificates is checked.
    public var now: @Sendable () -> Timestamp = { .now() }

    public init(
        files: NodeFiles,
        http: HTTPClient,
        plan: Plan,
        variables: Variables,
        processEnvironment: [String: String],
        hostName: String = Machine.hostName(),
        callArguments: [String] = [],
    ) {
        self.files = files
        self.http = http
        self.plan = plan
        self.producers = PathProducers(plan)
        self.variables = variables
        self.dryRunOverlay = files.isDryRun ? DryRunOverlay() : nil
        self.processEnvironment = processEnvironment
        self.hostName = hostName
        self.callArguments = callArguments
    }

    /// Returns the function for the process that does a part of a task, `nil` if this process may, as for a task that only
    /// speaks to a network.
    func networkProcess(of task: PlannedTask) -> NetworkPart.Process? {
        task.footprint.isConfined ? nil : networkProcess
    }

    /// Returns the command line that runs a task of this node, quoted for a hint.
    func quotedCall(running task: String) -> String {
        quotedShellLine(["nest-bootstrap", "run", "--task", task] + callArguments)
    }
}

/// A set to which the tasks of a run add.
final class SharedSet<Element: Hashable & Sendable>: Sendable {
    private let elements = Locked<Set<Element>>([])
    var all: Set<Element> { elements.withLock { $0 } }

    /// Adds an element, and returns whether it is new.
    @discardableResult
    func insert(_ element: Element) -> Bool { elements.withLock { $0.insert(element).inserted } }
}

/// The environment of one action.
struct ActionContext: Sendable {
    /// The environment that all actions share.
    let run: RunEnvironment
    let task: PlannedTask
    /// The instant at which the action gives up.
    let deadline: ContinuousClock.Instant
    /// The receiver of this task's events.
    let emit: Emitter

    /// The child processes of the task that still run after they were killed.
    let survivors = SharedSet<Int32>()

    /// Returns a context for checking the current state, with a short time limit and no events except warnings.
    func probing(_ limit: Duration) -> Self {
        Self(run: run, task: task, deadline: min(deadline, .now + limit)) { [emit] kind in
            if case .warning = kind { emit(kind) }
        }
    }

    /// Writes files that belong together unless they are up to date, and reports the results.
    ///
    /// - Parameters:
    ///   - files: The files, with their paths on the node; a failure names the last one.
    ///   - kind: The kind of the last file, for the message of a failure.
    /// - Returns: Whether a file was written, or would be in a dry run.
    /// - Throws: ``Base/Problem`` if something else is in the way, or the system refuses.
    func write(_ files: FileContent..., as kind: String = "file") throws(Problem) -> Bool {
        let results = try attempt("cannot write \(kind) '\(files.last?.path ?? "")'") {
            try run.files.writeTogether(files, by: task.name)
        }
        for (file, result) in zip(files, results) { emit(.path(file.path, result)) }
        return results.contains { $0 != .unchanged }
    }

    /// The retry policy for requests of the task.
    var retryPolicy: RetryPolicy {
        RetryPolicy(deadline: deadline) { [emit] in emit(.waiting($0)) }
    }
}

extension LocatedPath {
    /// Calls a function about the file that a key of the task file names.
    ///
    /// - Parameters:
    ///   - failure: What the task cannot do without the file.
    ///   - key: The key.
    ///   - body: The function.
    /// - Returns: What the function returns.
    /// - Throws: The problem of the function, with the place of the key unless it has a place, or that of the file. What is
    ///   wrong with a file may pass, unlike what is wrong in the task file.
    func attributed<Value>(_ failure: String, key: String, _ body: () throws -> Value) throws(Problem) -> Value {
        do {
            return try body()
        } catch let error as SystemError {
            throw Problem(failure, at: location, hint: error.adviceAboutSource(key), cause: error)
        } catch {
            var problem = error as? Problem ?? Problem(failure, cause: error)
            problem.location = problem.location ?? location
            problem.mayPass = true
            throw problem
        }
    }
}

extension ActionContext {
    /// Reads a file that a key of the task file names.
    ///
    /// - Parameters:
    ///   - reference: The path.
    ///   - key: The key.
    ///   - failure: What the task cannot do without the file.
    ///   - limit: The number of bytes above which the file is refused.
    /// - Returns: The file.
    /// - Throws: ``Base/Problem`` if the file cannot be read, or another user could change it.
    func source(
        _ reference: LocatedPath,
        key: String,
        _ failure: String,
        limit: Int = SizeLimit.configuration
    ) throws(Problem) -> CredentialFile {
        let bytes = try reference.attributed(failure, key: key) { try run.files.read(reference.path, limit: limit) }
        return CredentialFile(name: reference.path, bytes: bytes, at: reference.location)
    }

    /// Reads a private key, and refuses one that other users can read.
    func privateKey(_ reference: LocatedPath, key: String, _ failure: String) throws(Problem) -> CredentialFile {
        let file = try source(reference, key: key, failure)
        try reference.attributed(failure, key: key) {
            // A certificate may be readable by everyone, so the content is examined before the permissions.
            try CredentialCheck.privateKey(in: file)
            try run.files.requirePrivate(reference.path)
        }
        return file
    }
}

extension SystemError {
    /// Returns the advice about a file that a task reads.
    ///
    /// - Parameter key: The key that names the file, if the advice may name it.
    /// - Returns: The advice, `nil` if none is known.
    func adviceAboutSource(_ key: String? = nil) -> String? {
        advice ?? (isNotFound ? "put the file there, or correct \(key.map { "'\($0)'" } ?? "the path")" : nil)
    }
}

extension ActionContext {
    /// Performs the work of the task while this node holds the task's Lease, if the task has one.
    ///
    /// If the Lease is lost, the work is cancelled as at its deadline. A dry run needs no Lease.
    ///
    /// - Parameter work: A function that performs the task.
    /// - Returns: Whether anything changed.
    /// - Throws: ``Base/Problem`` about the Lease, or the error of the work.
    func locked(_ work: @escaping @Sendable () async throws -> Bool) async throws -> Bool {
        guard let lock = task.lock, !run.files.isDryRun else { return try await work() }
        let (held, hold) = AsyncStream<Void>.makeStream()
        // Not a part of the surrounding task, whose cancellation must not release the Lease before the work has ended.
        let lease = Task {
            defer { hold.finish() }
            if let process = run.networkProcess(of: task) {
                try await perform(.lock, by: process) { hold.yield() }
            } else {
                try await holdLease(lock) { hold.yield() }
            }
        }
        var result: Result<Bool, any Error>?
        var isLost = false
        if await held.first(where: { true }) != nil {
            // Declared outside the group for the reason given in `Rollout.pause`.
            await withTaskGroup(of: Result<Bool, any Error>?.self) { group in
                group.addTask {
                    do {
                        return .success(try await work())
                    } catch {
                        return .failure(error)
                    }
                }
                group.addTask {
                    _ = await lease.result
                    return nil
                }
                for await end in group {
                    if let end {
                        result = end
                        lease.cancel()
                    } else if result == nil {
                        // Without the Lease, another node may do the same work.
                        isLost = true
                        group.cancelAll()
                    }
                }
            }
        }
        lease.cancel()
        guard let result else {
            try await lease.value
            throw CancellationError()
        }
        if case .failure(let error) = await lease.result {
            // The work that has been done counts.
            if case .failure = result, isLost { throw error }
            emit(.warning(about: error as? Problem ?? Problem("\(error)")))
        }
        return try result.get()
    }

    /// Takes the task's Lease, and renews it until the surrounding Swift task is cancelled, after which it is released.
    ///
    /// - Parameters:
    ///   - lock: The lock of the task.
    ///   - onHeld: Called when this process holds the Lease.
    /// - Throws: ``Base/Problem`` if the Lease cannot be taken, or is lost.
    func holdLease(_ lock: ClusterLock, onHeld: () -> Void) async throws(Problem) {
        let client = try await run.connections.client(kubeconfig: lock.kubeconfig.path, self)
        let (namespace, name) = (ClusterLock.namespace, ClusterLock.leaseName(ofTask: task.name))
        let identity = "\(run.hostName)_\(String(UInt64.random(in: .min ... .max), radix: 16))"
        let lease = ClusterLease(
            client,
            namespace: namespace,
            name: name,
            identity: identity,
            task: task.name,
            location: task.location,
        )
        let report = { (identity: String, since: Timestamp?, isSelf: Bool) in
            let holder = LeaseHolder(lease: "\(namespace)/\(name)", identity: identity, since: since, isSelf: isSelf)
            emit(.lease(holder))
        }
        var last: ClusterLease.Holder?
        let held = try await lease.acquire(retryPolicy) { other in
            if other != last { report(other.identity, other.since, false) }
            last = other
        }
        report(identity, held.since, true)
        onHeld()
        var loss = await lease.renew(held)
        if loss == nil, let process = survivors.all.first {
            let words = "not released, because process \(process) of the task still runs"
            let limit = lease.duration.text
            emit(.warning(subject: lease.description, "\(words); it expires within \(limit): end the process before"))
        } else if loss == nil {
            switch await lease.release(held) {
            case .released: break
            case .lost(let found): loss = found
            case .failed(let problem): emit(.warning(subject: lease.description, problem))
            }
        }
        guard let loss else { return }
        throw Problem(
            "\(lease.description) was lost while the task ran (\(loss.reason)), so another node may run it too",
            hint: loss.hint
        )
    }
}

extension Event.Kind {
    /// Returns the warning event for a problem, by default with the problem's location as its subject.
    static func warning(about problem: Problem, subject: String? = nil) -> Self {
        let text = problem.hint.map { "\(problem.message); \($0)" } ?? problem.message
        return .warning(subject: subject ?? problem.location.map { "\($0)" } ?? "", text)
    }
}

/// Calls a function, and describes its failure.
///
/// - Parameters:
///   - failure: What cannot be done.
///   - location: The location of what the failure is about, if it has one.
///   - body: The function.
/// - Returns: What the function returns.
/// - Throws: ``Base/Problem`` with the function's error as its cause; a problem is thrown as it is.
func attempt<Value>(
    _ failure: @autoclosure () -> String,
    at location: SourceLocation? = nil,
    _ body: () throws -> Value
) throws(Problem) -> Value {
    do {
        return try body()
    } catch let problem as Problem {
        throw problem
    } catch {
        throw Problem(failure(), at: location, hint: (error as? SystemError)?.advice, cause: error)
    }
}

/// Calls a function on a separate thread, and describes its failure, see ``attempt(_:at:_:)``.
func onThread<Value: Sendable>(
    _ failure: String,
    at location: SourceLocation? = nil,
    _ body: @escaping @Sendable () throws -> Value
) async throws(Problem) -> Value {
    try await onThread { () throws(Problem) in try attempt(failure, at: location, body) }
}

/// A receiver of a task's events.
typealias Emitter = @Sendable (Event.Kind) -> Void
