import Base
import Execution
import Kubernetes
import Planning

/// The steps of `apply` that keep the set of the task's objects: its ConfigMap, and the node's record.
///
/// A task with `prune` deletes the objects that its manifests no longer contain. For a task that only has a version, the
/// ConfigMap records the version, so that an older file does not even create objects.
struct PruneStep {
    private let deletion: SetDeletion
    private let store: SetRecordStore
    private let manifests: [ManifestObject]
    /// The objects that the node has applied, `nil` if the task does not prune.
    private let record: SetRecord?

    /// Records the objects on the node and at the server, before anything is applied.
    ///
    /// - Returns: `nil` if the task has no set.
    /// - Throws: An error if a manifest describes the ConfigMap, if the ConfigMap or the record cannot be written, or if
    ///   the ConfigMap has a newer version.
    init?(
        _ context: ActionContext,
        _ declaration: ApplyDeclaration,
        _ contents: ManifestLoader.Contents,
        _ client: APIClient,
        _ failures: FailureReporter,
    ) async throws {
        guard let name = context.task.setName else { return nil }
        let set = ObjectSet(name: name, task: context.task.name)
        let prunes = declaration.pruning != .never
        let mistakes = set.mistakes(in: contents.manifests)
        guard mistakes.isEmpty else { throw Problems(mistakes) }
        let isOfAll = declaration.pruning == .all
        store = SetRecordStore(context.run, set: name)
        let known = prunes ? try store.record() : nil
        deletion = SetDeletion(
            context: context,
            pruner: context.pruner(set, client, declaration.appliedVersion, known, includesProtected: isOfAll),
            failures: failures
        )
        manifests = contents.manifests
        let pruner = deletion.pruner
        if prunes {
            let kubeconfig = declaration.kubeconfig.path
            let task = context.task.name
            var record = SetRecord(task: task, kubeconfig: kubeconfig, includesProtected: isOfAll, after: known)
            let manifests = manifests
            try await deletion.reporting { () async throws(ObjectFailure) in
                try await pruner.add(manifests, to: &record)
            }
            if record != known { try store.keep(record) }
            self.record = record
        } else {
            record = nil
        }
        let isComplete = contents.problems.isEmpty
        let unknown = try await deletion.reporting { () async throws(ObjectFailure) in
            let claimed = prunes ? contents.manifests : nil
            return try await pruner.claim(claimed, isComplete: isComplete, record: known)
        }
        guard prunes, !unknown.isEmpty else { return }
        let text =
            "its key of this node lists \(shortList(unknown)), which neither the manifests nor the node's record have; they "
            + "stay: delete them with kubectl if nothing needs them"
        context.emit(.warning(subject: pruner.parent.description, text))
    }

    /// Deletes the objects, after all manifests have been read and applied.
    ///
    /// - Parameter appliedCount: The number of objects that were applied.
    /// - Returns: The number of objects that were deleted.
    /// - Throws: An error if an object could not be deleted.
    func run(after appliedCount: Int) async throws -> Int {
        guard let record else { return 0 }
        let (rest, deletedCount) = try await deletion.run(record, besides: manifests, after: appliedCount)
        if rest != record { try store.keep(rest) }
        return deletedCount
    }
}

extension ActionContext {
    /// Creates the pruner of a set.
    func pruner(
        _ set: ObjectSet,
        _ client: APIClient,
        _ version: AppliedVersion?,
        _ record: SetRecord?,
        includesProtected: Bool,
    ) -> Pruner {
        Pruner(
            client: client,
            set: set,
            node: run.hostName,
            version: version,
            formerTasks: record?.tasks ?? [],
            includesProtected: includesProtected,
            isDryRun: run.files.isDryRun,
            retryPolicy: retryPolicy,
            location: task.location,
        )
    }
}
