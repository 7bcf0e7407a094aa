import Base
import Execution
import Kubernetes
import Planning

/// The removal of a set from this node: the deletion of its objects, except those that other nodes have.
struct SetRemoval {
    let context: ActionContext
    let set: RemoveDeclaration.ObjectSet

    /// Deletes the objects that this node has applied, and its key in the ConfigMap of the set.
    ///
    /// The record keeps what is kept for another reason than another node, so that a later run deletes it once the reason
    /// is gone.
    ///
    /// - Returns: Whether anything was deleted.
    /// - Throws: An error if an object could not be deleted, which has been reported.
    func run() async throws -> Bool {
        let store = SetRecordStore(context.run, set: set.name)
        let record = try store.record()
        let client = try await context.run.connections.client(kubeconfig: set.kubeconfig.path, context)
        let objectSet = ObjectSet(name: set.name, task: context.task.name)
        let deletion = SetDeletion(
            context: context,
            pruner: context.pruner(
                objectSet,
                client,
                nil,
                record,
                includesProtected: record?.includesProtected ?? false
            ),
            failures: FailureReporter(context, order: [])
        )
        guard let record else {
            let text =
                "this node has not applied set '\(set.name)', or has removed it: remove this task, or correct 'set'"
            context.emit(.warning(subject: objectSet.parent.description, text))
            return false
        }
        guard record.kubeconfig == set.kubeconfig.path else {
            let message = "this node has applied set '\(set.name)' with kubeconfig '\(record.kubeconfig)'"
            throw Problem(message, at: set.kubeconfig.location, hint: "name it in 'kubeconfig'")
        }
        let (rest, count) = try await deletion.run(record, besides: [], after: 0)
        try await deletion.reporting(deletion.pruner.release)
        if rest.objects.isEmpty { try store.discard() } else { try store.keep(rest) }
        return count > 0
    }
}
