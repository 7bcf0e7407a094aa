import Execution
import HTTP
import Host
import Kubernetes
import Planning

/// Verb `wait`: ends when something has come about.
struct WaitAction {
    private let context: ActionContext
    private let declaration: WaitDeclaration

    init(_ context: ActionContext, _ declaration: WaitDeclaration) {
        self.context = context
        self.declaration = declaration
    }

    /// Waits, and tells that nothing changed.
    ///
    /// A dry run waits for an API server that can be asked, and for nothing that its other tasks might bring about.
    func run() async throws -> Bool {
        if context.run.files.isDryRun, let subject {
            context.emit(.output("would wait for \(subject)"))
            return false
        }
        switch declaration.condition {
        case .apiServer(let kubeconfig):
            _ = try await client(kubeconfig)
        case .object(let reference, let kubeconfig):
            try await client(kubeconfig).awaitReadiness(of: [Self.identity(of: reference)], context.patience)
        case .tcp(let host, let port):
            try await poll { () async throws(NotYet) in try await checkConnection(host, port) }
        case .file(let reference):
            try await poll { () async throws(NotYet) in try checkFile(reference.path) }
        case .url(let url, let authority):
            let access = try access(authority)
            try await poll { () async throws(NotYet) in try await checkURL(url, access) }
        case .unit(let name):
            try await poll { () async throws(NotYet) in try await checkUnit(name) }
        }
        return false
    }

    /// What is waited for, in words; `nil` for an API server.
    private var subject: String? {
        switch declaration.condition {
        case .apiServer: nil
        case .object(let reference, _): Self.identity(of: reference).description
        case .tcp(let host, let port): "\(host):\(port)"
        case .file(let reference): "'\(reference.path)'"
        case .url(let url, _): "'\(url)'"
        case .unit(let name): "unit '\(name)'"
        }
    }

    private static func identity(of reference: WaitDeclaration.ObjectReference) -> ObjectIdentity {
        let type = GroupVersionKind(apiVersion: reference.apiVersion, kind: reference.kind)
        return ObjectIdentity(type: type, namespace: reference.namespace, name: reference.name)
    }

    private func client(_ kubeconfig: PathReference?) async throws(ActionError) -> APIClient {
        guard let kubeconfig else {
            throw ActionError("no kubeconfig is named", hint: "write 'kubeconfig: PATH' at \(declaration.place)")
        }
        return try await context.run.connections.client(kubeconfig: kubeconfig.path, context)
    }

    /// Repeats a check until it passes or the deadline does.
    private func poll(_ check: () async throws(NotYet) -> Void) async throws(ActionError) {
        let subject = subject ?? "the API server"
        do {
            try await context.patience.persist(subject, check)
        } catch {
            throw ActionError(
                "waited in vain for \(subject): \(error.words)",
                hint: error.hint ?? "see why it does not come, or raise 'timeout' of task '\(context.task.name)'",
            )
        }
    }

    private func checkConnection(_ host: String, _ port: UInt16) async throws(NotYet) {
        do {
            try await Network.canConnect(host: host, port: port, timeout: Self.attemptLimit)
        } catch {
            throw NotYet("\(error)")
        }
    }

    private func checkFile(_ path: String) throws(NotYet) {
        let isThere: Bool
        do {
            isThere = try context.run.files.exists(path)
        } catch {
            throw NotYet("\(error)")
        }
        guard isThere else { throw NotYet("it does not exist") }
    }

    private func checkURL(_ url: String, _ access: Access) async throws(NotYet) {
        let response: HTTPResponse
        do {
            response = try await context.run.http.send(
                HTTPRequest(url: url),
                as: access,
                deadline: min(context.deadline, .now + Self.attemptLimit)
            )
        } catch {
            throw NotYet(error.message, disposition: error.disposition)
        }
        guard (200..<300).contains(response.status) else { throw NotYet("it answers \(response.status)") }
    }

    private func checkUnit(_ name: String) async throws(NotYet) {
        let state: UnitState
        do {
            state = try await Systemd.unitState(name)
        } catch {
            throw NotYet("\(error)")
        }
        guard state.isActive else { throw NotYet("it is \(state)") }
    }

    /// One attempt takes at most this long.
    private static let attemptLimit = Duration.seconds(10)

    private func access(_ authority: PathReference?) throws(ActionError) -> Access {
        guard let authority else { return Access() }
        do {
            return Access(certificateAuthority: .data(try context.run.files.read(authority.path, limit: 1 << 20)))
        } catch {
            throw ActionError("the CA at \(authority.place) cannot be used", cause: error)
        }
    }
}

/// Why a condition does not hold yet.
private struct NotYet: Retriable {
    var words: String
    var disposition: Disposition
    var hint: String?

    var retryAfter: Duration? { nil }

    init(_ words: String, disposition: Disposition = .retry, hint: String? = nil) {
        self.words = words
        self.disposition = disposition
        self.hint = hint
    }
}
