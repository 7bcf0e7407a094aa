import Base
import HTTP
import Host
import Kubernetes
import Planning
import YAML

/// The API clients of a run, one for each kubeconfig, so that tasks share the results of discovery.
public final class Connections: Sendable {
    private let http: HTTPClient
    private let files: NodeFiles
    private let watchSlots = WatchSlots()
    /// Changes that the tasks of the run may have made to the servers.
    let traitChanges = TraitChanges()
    private let clients = Locked<[[UInt8]: APIClient]>([:])

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
        do throws(Problem) {
            try await client.waitUntilUsable(context.retryPolicy)
        } catch {
            throw await error.explainedByPorts(of: client.kubeconfig)
        }
        let warning = client.serverCertificateWarning(warnBefore: context.run.warnBefore)
        context.warn { _ in warning.map { [CredentialWarnings.Warning($0)] } ?? [] }
        return client
    }

    private func load(_ path: String, _ context: ActionContext) async throws(Problem) -> APIClient {
        let bytes: [UInt8]
        do {
            bytes = try files.read(path, limit: SizeLimit.configuration)
        } catch {
            throw Problem(
                .systemCallFailed,
                "kubeconfig '\(path)' cannot be used",
                hint: missingHint(path, context, error),
                cause: error
            )
        }
        if let known = clients.withLock({ $0[bytes] }), known.kubeconfig.path.hasSameBytes(as: path) { return known }
        var kubeconfig = try files.kubeconfig(bytes, path)
        kubeconfig.writer = context.run.producers.producer(of: path)
        let credentials: Credentials
        do throws(Problem) {
            credentials = try await awaitValidity(context) { [kubeconfig] () throws(Problem) in
                try files.credentials(of: kubeconfig)
            }
        } catch {
            throw await explainedByClock(error, of: kubeconfig)
        }
        context.warn { $0.warnings(ofKubeconfig: path) }
        return clients.withLock { clients in
            // Another task may have created the client in the meantime.
            if let known = clients[bytes], known.kubeconfig.path.hasSameBytes(as: path) { return known }
            let client = APIClient(
                http,
                kubeconfig: kubeconfig,
                credentials: credentials,
                watchSlots: watchSlots,
                traitChanges: traitChanges,
            )
            clients[bytes] = client
            return client
        }
    }

    /// Returns the problem of credentials that are not valid yet, with the time of the API server's clock in its hint.
    ///
    /// The server is asked without credentials.
    private func explainedByClock(_ problem: Problem, of kubeconfig: Kubeconfig) async -> Problem {
        guard let cause = problem.cause as? NotYetValid else { return problem }
        var identity = ConnectionIdentity(serverName: kubeconfig.serverName, proxy: kubeconfig.proxy)
        switch kubeconfig.certificateAuthority {
        case .data(let bytes): identity.certificateAuthority = .data(bytes)
        case .file(let path):
            guard let bytes = try? files.read(path, limit: SizeLimit.configuration) else { return problem }
            identity.certificateAuthority = .data(bytes)
        case nil: break
        }
        let request = HTTPRequest(url: kubeconfig.server + "/version")
        let response = try? await http.send(request, as: identity, deadline: .now + Self.clockLimit)
        guard let time = response?.date else { return problem }
        var explained = problem
        let difference = time.seconds - Timestamp.now().seconds
        if time >= cause.validFrom {
            explained.hint = "the API server's clock says \(time): set the node's clock"
        } else if abs(difference) <= Self.clockTolerance {
            explained.hint =
                "the API server's clock agrees with the node's, so that of the issuer is ahead: set it, and then "
                + cause.renewal
        } else {
            explained.hint =
                "the API server's clock says \(time): set the clocks of the node and of the issuer, and then "
                + cause.renewal
        }
        return explained
    }

    /// The time limit for the server's answer about its clock.
    private static let clockLimit = Duration.seconds(2)

    /// The difference, in seconds, up to which two clocks agree.
    private static let clockTolerance: Int64 = 60

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

extension Problem {
    /// Returns the problem with what this node shows of a connection that could not be established.
    fileprivate func explainedByPorts(of kubeconfig: Kubeconfig) async -> Problem {
        // The hint of the problem says that the URL has no port, which matters more than who listens at 443.
        guard let refusal = cause as? TransportError, refusal.kind != .refused || !kubeconfig.usesDefaultPort,
            let advice = await ConnectFailure(refusal, kubeconfig.server)?.advice(correcting: kubeconfig.serverSetting)
        else {
            return self
        }
        return Problem(code, message, at: location, hint: advice, cause: cause)
    }
}

extension PlannedTask {
    /// The key in the task file that names the task's kubeconfig.
    fileprivate var kubeconfigKey: String {
        verb.footprint.kubeconfig == nil ? "lock.kubeconfig" : "\(verb.name).\(verb.footprint.kubeconfigKey)"
    }
}
