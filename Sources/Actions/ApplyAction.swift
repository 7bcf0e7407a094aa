import Execution
import Kubernetes
import Planning
import Locking
import YAML

/// Verb `apply`: brings the objects of manifests to the API server.
struct ApplyAction {
    private let context: ActionContext
    private let declaration: ApplyDeclaration

    init(_ context: ActionContext, _ declaration: ApplyDeclaration) {
        self.context = context
        self.declaration = declaration
    }

    /// What became of the objects so far.
    private struct Tally {
        var failures: [ObjectFailure] = []
        var changedCount = 0
        var count = 0
    }

    /// Applies all objects that can be read, tells all failures, and returns whether anything changed.
    func run() async throws -> Bool {
        let cache = context.cache
        let contents = await ManifestLoader(run: context.run, declaration: declaration)
            .load { (url, sha256) throws(ActionError) in try await cache.text(of: url, sha256: sha256) }
        for problem in contents.problems { context.emit(.objectFailed("", problem)) }
        guard !contents.manifests.isEmpty else {
            throw ActionError(contents.problems.isEmpty ? "no object to apply" : "no object can be read")
        }
        guard let kubeconfig = declaration.kubeconfig else {
            throw ActionError("no kubeconfig is named", hint: "write 'kubeconfig: PATH' in task '\(context.task.name)'")
        }
        let client = try await context.run.connections.client(kubeconfig: kubeconfig.path, context)
        let (applied, tally) = await apply(contents.manifests, client)
        try Task.checkCancellation()
        let (failedCount, problemCount) = (tally.failures.count, contents.problems.count)
        guard failedCount + problemCount == 0 else {
            let failures = failedCount > 0 ? ["\(failedCount) of \(tally.count) objects could not be applied"] : []
            let problems =
                problemCount > 0 ? ["\(problemCount) mistake\(problemCount == 1 ? "" : "s") in the manifests"] : []
            throw ActionError((failures + problems).joined(separator: ", "))
        }
        if declaration.waitsForRollout, !context.run.files.isDryRun {
            try await client.awaitReadiness(
                of: applied.map(\.identity),
                minimumNodeCount: declaration.minimumNodeCount,
                context.patience,
            )
        }
        return tally.changedCount > 0
    }

    private func apply(_ manifests: [Manifest], _ client: APIClient) async -> ([Manifest], Tally) {
        let tally = Locked(Tally())
        let applier = Applier(
            client: client,
            ownership: Ownership(task: context.task.name, labels: declaration.labels),
            takesOver: declaration.conflicts == .takeOver,
            prophecy: context.run.prophecy,
            patience: context.patience,
        ) { [context] message in
            switch message {
            case .applied(let identity, let change, let fields):
                tally.withLock {
                    $0.count += 1
                    $0.changedCount += change == .unchanged ? 0 : 1
                }
                context.emit(
                    .object(identity.description, Event.ObjectResult(Event.ObjectResult.Change(change), fields: fields))
                )
            case .failed(let failure):
                tally.withLock {
                    $0.count += 1
                    $0.failures.append(failure)
                }
            case .warning(let identity, let text):
                context.emit(.warning(subject: identity.description, text))
            }
        }
        let applied = await applier.apply(manifests)
        let result = tally.withLock { $0 }
        for failure in await GraphKnowledge(context: context).enrich(result.failures) {
            context.emit(.objectFailed(failure.object.description, failure))
        }
        return (applied, result)
    }
}

extension Event.ObjectResult.Change {
    /// The same change in the words of events.
    fileprivate init(_ change: Applier.Change) {
        self =
            switch change {
            case .created: .created
            case .configured: .configured
            case .unchanged: .unchanged
            }
    }
}
