public import Base
import Glibc
public import HTTP
public import Host
import Kubernetes
public import Planning

/// The environment in which the tasks of a plan are run or checked.
public struct RunEnvironment: Sendable {
    public var files: NodeFiles
    var http: HTTPClient
    let connections = Connections()
    /// The plan of the node, including tasks that are not run.
    public let plan: Plan
    let producers: PathProducers
    /// The values for `${name}` in manifests.
    var variables: Variables
    /// The tasks, to be read again with the node's address; `nil` if no rule chooses the address.
    public var addressed: AddressedTasks?
    /// The kinds and namespaces that a real run would have applied so far; `nil` unless this is a dry run.
    var dryRunOverlay: DryRunOverlay?
    /// The base environment of child processes.
    public var processEnvironment: [String: String]
    /// The directory that contains the cache directories of tasks.
    public static let usualCacheDirectory = "/var/lib/nest-bootstrap/cache"
    /// The time before expiry within which a certificate causes a warning; if `nil`, it depends on the validity.
    public var warnBefore: Duration?
    /// The host name, which identifies this node in Leases and in the ConfigMaps of sets.
    var hostName: String
    /// The paths of the task files, for the sandboxes of programs; if `nil`, programs run without a sandbox.
    public var confinedTaskFiles: [String]?
    /// The function that returns the command for a network part; if `nil`, this process performs the part itself.
    public var networkProcess: NetworkPart.Process?
    /// The flags with which a printed command applies to the same node, such as `--root /mnt`.
    public var callArguments: [String]

    let describedObjects = DescribedObjects()

    /// The certificates about which this run has already warned.
    var reportedWarnings = SharedSet<[UInt8]>()

    /// In a dry run, the tasks that might have started a server or program in a real run.
    let startingTasks = SharedSet<String>()

    /// The clock for issuing certificates, and for warnings about their expiry.
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

    /// Returns ``networkProcess``, or `nil` for a task whose network parts this process performs itself.
    func networkProcess(of task: PlannedTask) -> NetworkPart.Process? {
        task.footprint.isConfined ? nil : networkProcess
    }

    /// Returns the shell command that runs a task of this node, for hints.
    func quotedCall(running task: String) -> String {
        quotedShellLine(["nest-bootstrap", "run", "--task", task] + callArguments)
    }
}

/// A set that may be read and changed concurrently.
final class SharedSet<Element: Hashable & Sendable>: Sendable {
    private let elements = Locked<Set<Element>>([])
    var all: Set<Element> { elements.withLock { $0 } }

    /// Adds an element, and returns whether it is new.
    @discardableResult
    func insert(_ element: Element) -> Bool { elements.withLock { $0.insert(element).inserted } }
}

/// The context in which one task is performed or examined.
struct ActionContext: Sendable {
    let run: RunEnvironment
    let task: PlannedTask
    /// The instant at which the action gives up.
    let deadline: ContinuousClock.Instant
    let emit: Emitter

    /// The IDs of processes of the task that still ran some time after SIGKILL.
    let survivors = SharedSet<Int32>()

    /// Returns a context that has a time limit and emits only warnings.
    func probing(_ limit: Duration) -> Self {
        Self(run: run, task: task, deadline: min(deadline, .now + limit)) { [emit] kind in
            if case .warning = kind { emit(kind) }
        }
    }

    /// Writes files that belong together unless they are up to date, and emits an event for each.
    ///
    /// The error message names only the last file; `kind` is its noun, such as `certificate`.
    ///
    /// - Returns: Whether a file was written or, in a dry run, would be.
    func write(_ files: FileContent..., as kind: String = "file") throws(Problem) -> Bool {
        let results = try attempt("cannot write \(kind) '\(files.last?.path ?? "")'") {
            try run.files.writeTogether(files, by: task.name)
        }
        for (file, result) in zip(files, results) { emit(.path(file.path, result)) }
        return results.contains { $0 != .unchanged }
    }

    /// A policy that retries at most until the deadline, and emits the waits.
    var retryPolicy: RetryPolicy {
        RetryPolicy(deadline: deadline) { [emit] in emit(.waiting($0)) }
    }
}

extension LocatedPath {
    /// Calls a function, and attributes its error to this path.
    ///
    /// A problem that has no location gets the location of the path. Errors other than a ``Base/SystemError`` get
    /// ``Base/Problem/mayPass``, because the file may be replaced. `failure` is the message for an error that is not a
    /// problem, such as `cannot write file '/a'`; `key` is the key of the task file that names the path, for advice.
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
    /// Reads a file that the task file names; see ``LocatedPath/attributed(_:key:_:)``.
    ///
    /// - Throws: ``Base/Problem`` also if the file is refused as untrusted, or is larger than the limit.
    func source(
        _ reference: LocatedPath,
        key: String,
        _ failure: String,
        limit: Int = SizeLimit.configuration
    ) throws(Problem) -> CredentialFile {
        let bytes = try reference.attributed(failure, key: key) { try run.files.read(reference.path, limit: limit) }
        return CredentialFile(name: reference.path, bytes: bytes, at: reference.location)
    }

    /// Reads a private key, whose permissions are checked by ``NodeFiles/requirePrivate(_:)``.
    func privateKey(_ reference: LocatedPath, key: String, _ failure: String) throws(Problem) -> CredentialFile {
        let file = try source(reference, key: key, failure)
        try reference.attributed(failure, key: key) {
            // The content is examined before the permissions, so that a certificate in place of the key is reported.
            try CredentialCheck.privateKey(in: file)
            try run.files.requirePrivate(reference.path)
        }
        return file
    }
}

extension SystemError {
    /// Returns advice for a failure to read a file, if there is any; `key` is the task file key that names the file.
    func adviceAboutSource(_ key: String? = nil) -> String? {
        advice ?? (isNotFound ? "put the file there, or correct \(key.map { "'\($0)'" } ?? "the path")" : nil)
    }
}

extension ActionContext {
    /// Performs the work of the task, under the task's Lease if there is one.
    ///
    /// If the Lease is lost, the work is cancelled. A dry run takes no Lease.
    ///
    /// - Returns: The result of the work.
    func locked(_ work: @escaping @Sendable () async throws -> Bool) async throws -> Bool {
        guard let lock = task.lock, !run.files.isDryRun else { return try await work() }
        let (held, hold) = AsyncStream<Void>.makeStream()
        // The Lease is held in an unstructured task: cancellation must not release it before the work has ended.
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
            // Declared outside the group because of a defect in Swift 6.3.1; see `Rollout`.
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
            // An error about the Lease is only a warning, unless the Lease was lost and the work failed.
            if case .failure = result, isLost { throw error }
            emit(.warning(about: error as? Problem ?? Problem("\(error)")))
        }
        return try result.get()
    }

    /// Takes the task's Lease, renews it until the surrounding Swift task is cancelled, and releases it.
    ///
    /// `onHeld` is called once the Lease is held. The loss of the Lease is an error; a failed release only causes a
    /// warning. If there is a process in ``survivors``, the Lease is not released.
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
            do throws(APIError) {
                loss = try await lease.release()
            } catch {
                let limit = lease.duration.text
                let text = "was not released (\(error.words)); other nodes wait until it expires, at most \(limit)"
                emit(.warning(subject: lease.description, text))
            }
        }
        guard let loss else { return }
        throw Problem(
            "\(lease.description) was lost while the task ran (\(loss.message)), so another node may run it too",
            hint: loss.hint
        )
    }
}

extension Event.Kind {
    /// Returns a warning with the message and hint of a problem; the default subject is the problem's location, if any.
    static func warning(about problem: Problem, subject: String? = nil) -> Self {
        let text = problem.hint.map { "\(problem.message); \($0)" } ?? problem.message
        return .warning(subject: subject ?? problem.location.map { "\($0)" } ?? "", text)
    }
}

/// Calls a function, and wraps its error in a problem with a message such as `cannot read '/a'`.
///
/// - Throws: ``Base/Problem`` with the function's error as its cause; a ``Base/Problem`` is rethrown unchanged.
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

/// Calls a function on a separate thread if possible, and wraps its error like ``attempt(_:at:_:)``.
func onThread<Value: Sendable>(
    _ failure: String,
    at location: SourceLocation? = nil,
    _ body: @escaping @Sendable () throws -> Value
) async throws(Problem) -> Value {
    try await onThread { () throws(Problem) in try attempt(failure, at: location, body) }
}

/// A function that receives a task's events.
typealias Emitter = @Sendable (Event.Kind) -> Void
