public import Base
import HTTP
public import Host
import Kubernetes
public import Planning

/// A part of a task that uses the network on behalf of a process that runs as root.
///
/// A sandboxed child process of the agent performs it. The child prints messages, one JSON object per line. Files are
/// exchanged in the task's cache directory.
public enum NetworkPart: String, Sendable, Hashable, CaseIterable {
    /// Fetches the pinned files and archives of the task into its cache.
    case fetch
    /// Holds the task's Lease until the process is ended or the Lease is lost.
    case lock
    /// Gets the certificate request in the cache signed, and writes the certificate into the cache.
    case sign

    fileprivate static let requestName = "request.pem"
    fileprivate static let certificateName = "certificate.pem"
}

/// A message from the process that performs a part of a task.
private enum Message: Codable {
    case waiting(Wait.Subject, reason: String?)
    case warning(subject: String, text: String)
    case lease(LeaseHolder)
    /// The process holds the Lease of the task.
    case held
    case failed(String, hint: String?, isPermanent: Bool)

    /// Creates the message about an event; returns `nil` if the parent does not need the event.
    init?(_ event: Event.Kind) {
        switch event {
        case .waiting(let wait): self = .waiting(wait.subject, reason: wait.reason)
        case .warning(let subject, let text): self = .warning(subject: subject, text: text)
        case .lease(let holder): self = .lease(holder)
        default: return nil
        }
    }

    var line: String { String(decoding: stateFile(self), as: UTF8.self) }
}

/// The implementation of network parts, which runs in the sandboxed child process.
public struct NetworkServer: Sendable {
    private let context: ActionContext
    private let say: @Sendable (String) -> Void

    /// Prepares the parts of a task; `say` prints a line.
    public init(_ environment: RunEnvironment, _ task: PlannedTask, say: @escaping @Sendable (String) -> Void) {
        self.say = say
        context = ActionContext(run: environment, task: task, deadline: .now + task.timeout) { kind in
            if let message = Message(kind) { say(message.line) }
        }
    }

    /// Performs a part, prints the problem if that fails, and returns whether it succeeded.
    ///
    /// `explain` converts an error to a problem whose message contains the causes.
    public func serve(_ part: NetworkPart, _ explain: (any Error) -> Problem?) async -> Bool {
        do {
            switch part {
            case .fetch: try await fetch()
            case .lock:
                guard let lock = context.task.lock else { return true }
                try await context.holdLease(lock) { say(Message.held.line) }
            case .sign: try await sign()
            }
            return true
        } catch {
            let problem = explain(error) ?? Problem("\(error)")
            let isPermanent = isPermanent(error)
            say(Message.failed(problem.message, hint: problem.hint, isPermanent: isPermanent).line)
            return false
        }
    }

    private func fetch() async throws(Problem) {
        let sources: [FileSource] =
            switch context.task.verb.declaration {
            case let images as ImagesDeclaration: images.archives
            case let file as FileDeclaration: [file.fileSource].compactMap(\.self)
            default: []
            }
        for case .url(let url, let digest, _) in sources { _ = try await context.fetched(url, sha256: digest) }
    }

    private func sign() async throws {
        guard let declaration = context.task.verb.declaration as? CertificateDeclaration else { return }
        let directory = context.cacheDirectory
        let request = try context.run.files.read(
            "\(directory)/\(NetworkPart.requestName)",
            limit: SizeLimit.configuration
        )
        let bytes = try await context.certificate(for: String(decoding: request, as: UTF8.self), declaration)
        try context.run.files.keep(bytes, as: NetworkPart.certificateName, in: directory)
    }
}

extension NetworkPart {
    /// A function that returns the command that performs a part of a task.
    public typealias Process = @Sendable (PlannedTask, NetworkPart) async throws(SystemError) -> Command
}

extension ActionContext {
    /// Runs the process that performs a part of the task.
    ///
    /// `onHeld` is called when the process holds the task's Lease. A problem that the process prints is thrown.
    func perform(
        _ part: NetworkPart,
        by process: NetworkPart.Process,
        onHeld: @escaping @Sendable () -> Void = {}
    ) async throws(Problem) {
        let failure = Locked<Problem?>(nil)
        let status: ExitStatus
        do throws(SystemError) {
            status = try await Host.run(
                try await process(task, part),
                // The work may end shortly after its deadline, and the Lease must be held until then.
                deadline: part == .lock ? deadline + .seconds(30) : deadline,
                // While a process of the task survives, the child must not release the Lease, so it is killed at once.
                grace: survivors.all.isEmpty ? Command.grace : .zero,
            ) { [emit] line in
                switch stateValue(Message.self, from: Array(line.utf8)) {
                case .waiting(let subject, let reason)?: emit(.waiting(Wait(subject, reason: reason)))
                case .warning(let subject, let text)?: emit(.warning(subject: subject, text))
                case .lease(let holder)?: emit(.lease(holder))
                case .held?: onHeld()
                case .failed(let text, let hint, let isPermanent)?:
                    var problem = Problem(text, hint: hint)
                    problem.mayPass = !isPermanent
                    failure.withLock { [problem] in $0 = problem }
                case nil: emit(.output(line))
                }
            }
        } catch {
            throw Problem("the process that speaks to the network cannot be run", hint: error.advice, cause: error)
        }
        if let problem = failure.withLock({ $0 }) { throw problem }
        guard status.isSuccess || status == .cancelled else {
            throw Problem("the process that speaks to the network \(status)")
        }
    }

    /// Returns the certificate that the declared signer issues for a request.
    func certificate(for request: String, _ declaration: CertificateDeclaration) async throws(Problem) -> [UInt8] {
        guard case .signer(let signer) = declaration.issuer else {
            preconditionFailure("a certificate is issued by a CA or a signer")
        }
        if let process = run.networkProcess(of: task) {
            let (files, directory) = (run.files, cacheDirectory)
            let failure = "cannot pass on the request for '\(declaration.path.path)'"
            try attempt(failure) {
                try files.keep(Array(request.utf8), as: NetworkPart.requestName, in: directory)
            }
            try await perform(.sign, by: process)
            return try attempt(failure) {
                try files.read("\(directory)/\(NetworkPart.certificateName)", limit: SizeLimit.configuration)
            }
        }
        let client = try await run.connections.client(kubeconfig: declaration.kubeconfig.path, self)
        return try await CertificateSigning(
            client: client,
            retryPolicy: retryPolicy,
            task: task.name,
            pem: request,
            signer: signer,
            usages: declaration.requestedUsages,
            validity: declaration.leaf.validity,
            suffix: String(sha256(Array(request.utf8)).prefix(10)),
        ).certificate()
    }
}

extension CertificateDeclaration {
    /// The usages to request, by their names in the API; `key encipherment` only for RSA keys.
    fileprivate var requestedUsages: [String] {
        let purposes = leaf.usages.subtracting([.signing]).sorted().map(\.rawValue)
        return (leaf.key.rsaBits == nil ? [] : ["key encipherment"]) + ["digital signature"] + purposes
    }
}
