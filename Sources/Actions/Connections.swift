import HTTP
import Host
import Kubernetes
import Planning
import Locking
import YAML

/// The API servers of a run, one client for each kubeconfig, so that tasks share what discovery has learnt.
public final class Connections: Sendable {
    private let http: HTTPClient
    private let files: NodeFiles
    private let clients = Locked<[[UInt8]: APIClient]>([:])

    /// A kubeconfig or credential is not larger than this.
    private static let sizeLimit = 1 << 20

    init(http: HTTPClient, files: NodeFiles) {
        self.http = http
        self.files = files
    }

    /// Connects as a kubeconfig says, and waits until the API server can be worked with.
    ///
    /// - Throws: ``ActionError`` if the kubeconfig or its credentials cannot be used, or a gate stays shut.
    func client(kubeconfig path: String, _ context: ActionContext) async throws(ActionError) -> APIClient {
        let client = try await load(path, context)
        do {
            try await client.passGates(context.patience)
        } catch {
            throw ActionError(error.message, hint: error.hint)
        }
        return client
    }

    private func load(_ path: String, _ context: ActionContext) async throws(ActionError) -> APIClient {
        let bytes: [UInt8]
        do {
            bytes = try files.read(path, limit: Self.sizeLimit)
        } catch {
            throw ActionError(
                "kubeconfig '\(path)' cannot be used",
                hint: missingHint(path, context, error),
                cause: error
            )
        }
        if let known = clients.withLock({ $0[bytes] }), known.kubeconfig.path == path { return known }
        let kubeconfig: Kubeconfig
        do {
            kubeconfig = try Kubeconfig(bytes, path: path)
        } catch {
            throw ActionError("kubeconfig '\(path)' cannot be used", cause: error)
        }
        var credentials = try await awaitValidity(context) { () throws(CredentialError) in
            try Credentials(kubeconfig) { [files] path in try files.read(path, limit: Self.sizeLimit) }
        }
        // Read anew for each request, so the transport must know where it is.
        if case .file(let token) = credentials.access.token {
            credentials.access.token = .file(files.location(ofRead: token))
        }
        return clients.withLock { clients in
            // Another task may have been faster.
            if let known = clients[bytes], known.kubeconfig.path == path { return known }
            let client = APIClient(http, kubeconfig: kubeconfig, credentials: credentials)
            clients[bytes] = client
            return client
        }
    }

    /// Names the task that writes a missing kubeconfig.
    private func missingHint(_ path: String, _ context: ActionContext, _ error: SystemError) -> String? {
        guard error.isNotFound else { return nil }
        for step in context.run.plan.steps {
            guard case .kubeconfig(let declaration) = step.task.verb, declaration.path.path == path else { continue }
            return "task '\(step.task.name)' writes it: run 'nest-bootstrap run --task \(step.task.name)'"
        }
        return "name a kubeconfig that is there in 'apply.kubeconfig', or let a 'kubeconfig' task write it"
    }
}
