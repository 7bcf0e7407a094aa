public import Base
public import HTTP
import Host
public import Kubernetes
import Planning

/// The API clients of a run; tasks with the same kubeconfig share a client and its results of discovery.
final class Connections: Sendable {
    private let clients = Locked<[[UInt8]: APIClient]>([:])
    /// The servers whose version was already checked.
    private let examined = Locked<Set<String>>([])

    /// Returns the client for a kubeconfig, after waiting until the API server is usable.
    func client(kubeconfig path: String, _ context: ActionContext) async throws(Problem) -> APIClient {
        let client = try await load(path, context)
        // In a dry run, a server that an earlier task would start may not respond, so the wait is short.
        let patience = context.startingTask == nil ? context : context.probing(.seconds(2))
        try await client.waitUntilUsable(patience.retryPolicy)
        if examined.withLock({ $0.insert(client.kubeconfig.server).inserted }),
            let warning = await client.ageWarning(until: context.deadline)
        {
            context.emit(.warning(subject: "", warning))
        }
        return client
    }

    private func load(_ path: String, _ context: ActionContext) async throws(Problem) -> APIClient {
        let files = context.run.files
        let bytes: [UInt8]
        do {
            bytes = try files.read(path, limit: SizeLimit.configuration)
        } catch {
            let (message, place) = ("kubeconfig '\(path)' cannot be used", context.task.footprint.kubeconfig?.location)
            var problem = Problem(message, at: place, hint: missingHint(path, context, error), cause: error)
            // Another program may write it later.
            problem.mayPass = true
            throw problem
        }
        if let known = clients.withLock({ $0[bytes] }), known.kubeconfig.path.hasSameBytes(as: path) { return known }
        var kubeconfig = try files.kubeconfig(bytes, path)
        kubeconfig.writer = context.run.producers.producer(of: path)
        let credentials = try await awaitValidity(context) { [kubeconfig] () throws(Problem) in
            try files.credentials(of: kubeconfig)
        }
        context.warnOfCertificates()
        return clients.withLock { clients in
            // Another task may have created the client during the wait.
            if let known = clients[bytes], known.kubeconfig.path.hasSameBytes(as: path) { return known }
            let client = APIClient(context.run.http, kubeconfig: kubeconfig, credentials: credentials)
            clients[bytes] = client
            return client
        }
    }

    /// Returns advice if the kubeconfig is missing: the task that writes it, or the ways to get one.
    private func missingHint(_ path: String, _ context: ActionContext, _ error: SystemError) -> String? {
        guard error.isNotFound else { return nil }
        if let task = context.run.producers.producer(of: path) {
            return "task '\(task)' writes it: run \(context.run.quotedCall(running: task))"
        }
        let verb = context.task.verb
        let key = verb.footprint.kubeconfig == nil ? "lock.kubeconfig" : "\(verb.name).\(verb.footprint.kubeconfigKey)"
        return "name a kubeconfig that is there in '\(key)', let a 'kubeconfig' task write it, "
            + "or wait for it in an earlier task: wait: {file: \(path)}"
    }
}

extension NodeFiles {
    /// Returns a client without waiting for the server or for valid credentials.
    public func client(kubeconfig path: String, _ http: HTTPClient) throws(Problem) -> APIClient {
        let bytes = try attempt("kubeconfig '\(path)' cannot be used") {
            try read(path, limit: SizeLimit.configuration)
        }
        let kubeconfig = try kubeconfig(bytes, path)
        return APIClient(http, kubeconfig: kubeconfig, credentials: try credentials(of: kubeconfig))
    }

    /// Parses a kubeconfig, and requires a trusted token file; see ``requireTrusted(_:isData:)``.
    func kubeconfig(_ bytes: [UInt8], _ path: String) throws(Problem) -> Kubeconfig {
        try attempt("kubeconfig '\(path)' cannot be used") {
            let kubeconfig = try Kubeconfig(bytes, path: path)
            if case .file(let token) = kubeconfig.token { try requireTrusted(token, isData: true) }
            return kubeconfig
        }
    }

    /// Loads the credentials of a kubeconfig, and checks the permissions of the key; see ``requirePrivate(_:)``.
    func credentials(of kubeconfig: Kubeconfig) throws(Problem) -> Credentials {
        let failure = "kubeconfig '\(kubeconfig.path)' cannot be used"
        var credentials: Credentials
        try attempt(failure) {
            for path in kubeconfig.paths { try requireKnown(path) }
        }
        do throws(Problem) {
            credentials = try Credentials(kubeconfig) { path in try read(path, limit: SizeLimit.configuration) }
        } catch {
            // A problem with a location would count as permanent, but the files may be replaced.
            var problem = error
            problem.mayPass = true
            throw problem
        }
        // Permissions are checked last, so that a certificate in place of the key is reported as such.
        if let key = kubeconfig.keyPath { try attempt(failure) { try requirePrivate(key) } }
        // The HTTP client reads the token file for each request, so it needs the file's location.
        if case .file(let token) = credentials.connectionIdentity.token {
            credentials.connectionIdentity.token = .file((try? location(ofRead: token)) ?? token)
        }
        return credentials
    }
}

extension RunEnvironment {
    /// Returns the kubeconfig that a task will write, or else the one on the node; `nil` if neither is usable.
    func knownKubeconfig(_ path: String) -> Kubeconfig? {
        if let task = producers.producer(of: path), let written = writtenKubeconfig(path, by: task) {
            return written
        }
        return (try? files.read(path, limit: SizeLimit.configuration)).flatMap { try? Kubeconfig($0, path: path) }
    }

    /// Returns the kubeconfig that a task will write, or `nil` if the task file does not contain a valid one.
    private func writtenKubeconfig(_ path: String, by task: String) -> Kubeconfig? {
        let verb = plan.position(of: task).map { plan.steps[$0].task.verb }
        switch verb?.declaration {
        case let declaration as KubeconfigDeclaration where declaration.path.path.hasSameBytes(as: path):
            return try? Kubeconfig(Array(declaration.text(declaration.credentialPaths).utf8), path: path)
        case let declaration as FileDeclaration where declaration.path.path.hasSameBytes(as: path):
            guard case .content(let text) = declaration.source else { return nil }
            return try? Kubeconfig(Array(text.utf8), path: path)
        default:
            return nil
        }
    }
}
