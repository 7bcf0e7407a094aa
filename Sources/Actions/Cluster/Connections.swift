import Base
import Execution
import HTTP
import Host
import Kubernetes
import Planning
import YAML

/// The API clients of a run, one for each kubeconfig, so that tasks share the results of discovery.
public final class Connections: Sendable {
    private let http: HTTPClient
    private let files: NodeFiles
    private let clients = Locked<[[UInt8]: APIClient]>([:])
    /// The servers whose age is known.
    private let examined = Locked<Set<String>>([])

    init(http: HTTPClient, files: NodeFiles) {
        self.http = http
        self.files = files
    }

    /// Connects to the server of a kubeconfig, and waits until the API server is usable.
    ///
    /// - Throws: ``Base/Problem`` if the kubeconfig or its credentials cannot be used, or the API server does not
    ///   become usable.
    func client(kubeconfig path: String, _ context: ActionContext) async throws(Problem) -> APIClient {
        let client = try await load(path, context)
        // A server that an earlier task would start does not answer during a dry run.
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
        let bytes: [UInt8]
        do {
            bytes = try files.read(path, limit: SizeLimit.configuration)
        } catch {
            throw Problem(
                "kubeconfig '\(path)' cannot be used",
                hint: missingHint(path, context, error),
                cause: error
            )
        }
        if let known = clients.withLock({ $0[bytes] }), known.kubeconfig.path.hasSameBytes(as: path) { return known }
        var kubeconfig = try files.kubeconfig(bytes, path)
        kubeconfig.writer = context.run.producers.producer(of: path)
        let credentials = try await awaitValidity(context) { [kubeconfig] () throws(Problem) in
            try files.credentials(of: kubeconfig)
        }
        context.warnOfCertificates()
        return clients.withLock { clients in
            // Another task may have created the client in the meantime.
            if let known = clients[bytes], known.kubeconfig.path.hasSameBytes(as: path) { return known }
            let client = APIClient(http, kubeconfig: kubeconfig, credentials: credentials)
            clients[bytes] = client
            return client
        }
    }

    /// Returns a hint that names the task that writes a missing kubeconfig.
    private func missingHint(_ path: String, _ context: ActionContext, _ error: SystemError) -> String? {
        guard error.isNotFound else { return nil }
        if let task = context.run.producers.producer(of: path) {
            return "task '\(task)' writes it: run \(context.run.quotedCall(running: task))"
        }
        return "name a kubeconfig that is there in '\(context.task.kubeconfigKey)', let a 'kubeconfig' task write it, "
            + "or wait for it in an earlier task: wait: {file: \(path)}"
    }
}

extension PlannedTask {
    /// The key in the task file that names the task's kubeconfig.
    fileprivate var kubeconfigKey: String {
        verb.footprint.kubeconfig == nil ? "lock.kubeconfig" : "\(verb.name).\(verb.footprint.kubeconfigKey)"
    }
}
