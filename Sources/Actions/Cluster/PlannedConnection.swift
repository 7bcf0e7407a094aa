import Base
import Execution
import HTTP
import Kubernetes
import Planning

/// API servers and files that a dry run cannot use, because other tasks of the run would have to run first.
extension ActionContext {
    /// Connects to the server of a kubeconfig, unless this is a dry run and other tasks would have to run first.
    ///
    /// - Parameters:
    ///   - path: The path of the kubeconfig.
    ///   - plan: A function that returns what the task would do, given the reason why the server cannot be used.
    /// - Returns: The client, or `nil` if the server cannot be used before the real run, which has been reported.
    /// - Throws: ``Base/Problem`` if the server cannot be used, and no other task would change that.
    func connection(
        kubeconfig path: String,
        _ plan: (String) -> String,
    ) async throws(Problem) -> APIClient? {
        if let reason = unknownCredentials(ofKubeconfig: path) {
            emit(.planned(plan(reason)))
            return nil
        }
        guard run.files.isDryRun, let task = startingTask else {
            return try await run.connections.client(kubeconfig: path, self)
        }
        do throws(Problem) {
            return try await run.connections.client(kubeconfig: path, probing(Self.probeLimit))
        } catch {
            switch error.cause {
            case let fault as TransportError
            where [.refused, .unreachable, .timedOut, .closed].contains(fault.kind): break
            case APIError.notReady?, APIError.pending?: break
            default: throw error
            }
            let server = run.knownKubeconfig(path).map { "API server \($0.address)" } ?? "the API server"
            emit(.planned(plan("\(server) does not answer before task '\(task)' has run")))
            return nil
        }
    }

    /// The time limit for the first answer of a server that other tasks may have to start.
    private static let probeLimit = Duration.seconds(2)

    /// Returns why the credentials of a kubeconfig are not known in this dry run, `nil` if they are.
    private func unknownCredentials(ofKubeconfig path: String) -> String? {
        guard run.files.isDryRun else { return nil }
        if run.files.isOfUnknownContent(path) { return "kubeconfig '\(path)' \(unknownReason(path))" }
        guard let bytes = try? run.files.read(path, limit: SizeLimit.configuration),
            let kubeconfig = try? Kubeconfig(bytes, path: path)
        else { return nil }
        let materials = [
            kubeconfig.certificateAuthority, kubeconfig.clientCertificate, kubeconfig.clientKey, kubeconfig.token,
        ]
        for case .file(let file)? in materials where run.files.isOfUnknownContent(file) {
            return "'\(file)' of kubeconfig '\(path)' \(unknownReason(file))"
        }
        return nil
    }

    private func unknownReason(_ path: String) -> String {
        "is not known before \(writer(of: path).map { "task '\($0)' has run" } ?? "the real run")"
    }

    /// Returns the first of the manifests whose content other tasks of this dry run would determine, `nil` if none is.
    func unknownManifests(_ manifests: ManifestSet) -> String? {
        guard run.files.isDryRun else { return nil }
        return manifests.sources.lazy.compactMap { source in
            guard case .path(let reference) = source, run.files.isOfUnknownContent(reference.path) else { return nil }
            return reference.path
        }
        .first
    }

    /// Returns the task after which the content of a path is known, `nil` if it cannot be determined.
    func writer(of path: String) -> String? { run.files.expectedTask(of: path) ?? run.producers.producer(of: path) }
}

/// Tasks that would start something in a dry run.
extension ActionContext {
    /// Records that the task would start something that other tasks may need, if it does.
    func recordStart() {
        guard run.files.isDryRun, Self.startingVerbs.contains(task.verb.name) || !task.restarts.isEmpty else { return }
        run.startingTasks.insert(task.name)
    }

    private static let startingVerbs: Set = [ServiceDeclaration.name, ExecDeclaration.name, WaitDeclaration.name]

    /// The last of the earlier tasks that would start something in this dry run, `nil` if none would.
    private var startingTask: String? { lastStartingTask { _ in true } }

    /// The last of the earlier tasks whose program would run in this dry run, `nil` if none would.
    var earlierProgram: String? { lastStartingTask { $0.verb.name == ExecDeclaration.name } }

    private func lastStartingTask(where isMeant: (PlannedTask) -> Bool) -> String? {
        let starting = run.startingTasks.names
        guard !starting.isEmpty else { return nil }
        let earlier = run.plan.allDependencies(of: task.name).intersection(starting)
        return run.plan.steps.last { earlier.contains($0.task.name) && isMeant($0.task) }?.task.name
    }
}

/// The names of the tasks that would start something in a dry run.
final class StartingTasks: Sendable {
    private let inserted = Locked<Set<String>>([])
    var names: Set<String> { inserted.withLock { $0 } }

    func insert(_ name: String) { inserted.withLock { _ = $0.insert(name) } }
}
