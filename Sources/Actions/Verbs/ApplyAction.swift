import Base
import Kubernetes
import Planning

/// Verb `apply`: applies the objects of manifests.
struct ApplyAction: Action {
    let context: ActionContext
    let declaration: ApplyDeclaration

    /// Applies all readable objects, deletes obsolete ones if that succeeds, and returns whether anything changed.
    func run() async throws -> Bool {
        // The manifests are read while the server is contacted.
        async let connecting = context.run.connections.client(kubeconfig: declaration.kubeconfig.path, context)
        let contents = await ManifestLoader(run: context.run, manifests: declaration.manifests)
            .load { (url, sha256) throws(Problem) in try await context.fetchedText(url, sha256: sha256) }
        if let unknown = contents.problems.first(where: { context.missingInDryRun($0) != nil }) { throw unknown }
        for problem in contents.problems {
            context.emit(.objectFailed(.init("", [problem], isPermanent: problem.isPermanent)))
        }
        for warning in contents.warnings { context.emit(.warning(about: warning)) }
        guard !contents.manifests.isEmpty else {
            if contents.problems.isEmpty { throw Problem("no object to apply") }
            throw Problems.alreadyReported
        }
        let client: APIClient
        do {
            client = try await connecting
        } catch {
            // A dry run without the server must not succeed with manifests that cannot be read.
            let isMissing = (error as? Problem).flatMap(context.missingInDryRun) != nil
            if isMissing, !contents.problems.isEmpty { throw Problems.alreadyReported }
            throw error
        }
        let found = DistinctObjects(of: contents.manifests, defaultNamespace: client.kubeconfig.namespace)
        let objectCount = found.objects.count
        context.emit(.objectCount(objectCount))
        let failures = FailureReporter(context)
        for (_, set) in found.repetitions.sorted(by: { $0.key < $1.key }) where DistinctObjects.areEqual(set) {
            for warning in DistinctObjects.problems(of: set) { context.emit(.warning(about: warning)) }
        }
        let pruning = try await PruneStep(context, declaration, contents, client)
        // Declared outside the group because of a defect in Swift 6.3.1; see `Rollout`.
        var applied: [ManifestObject] = []
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await failures.reportWhenQuiet() }
            applied = await apply(found, client, failures)
            group.cancelAll()
        }
        await failures.report()
        try Task.checkCancellation()
        guard failures.count == 0, contents.problems.isEmpty else { throw Problems.alreadyReported }
        // New objects must be ready before obsolete ones are deleted.
        if declaration.waitsForRollout, !context.run.files.isDryRun {
            try await client.awaitReadiness(
                of: applied.map { AwaitedObject($0) },
                minimumNodeCount: declaration.minimumNodeCount,
                context.retryPolicy,
            )
        }
        let deletedCount = try await pruning?.run(after: objectCount) ?? 0
        return failures.changedCount + deletedCount > 0
    }

    private func apply(
        _ found: DistinctObjects,
        _ client: APIClient,
        _ failures: FailureReporter,
    ) async -> [ManifestObject] {
        let applier = Applier(
            client: client,
            managedMetadata: ManagedMetadata(task: context.task.name, labels: declaration.labels),
            conflicts: declaration.conflicts,
            takenManagers: declaration.takenManagers,
            dryRunOverlay: context.run.dryRunOverlay,
            retryPolicy: context.retryPolicy,
            mayAppear: { [context] in await DependencyHints(context: context).mayAppear($0) },
            say: failures.report,
        )
        return await applier.apply(found)
    }
}
