import Base
import Execution
import Kubernetes
import Planning

/// The removal of a set: the deletion of its members and of its parent.
struct SetRemoval {
    private let context: ActionContext
    private let set: RemoveDeclaration.ObjectSet

    init(_ context: ActionContext, _ set: RemoveDeclaration.ObjectSet) {
        (self.context, self.set) = (context, set)
    }

    /// Deletes the members that this node has applied, and the parent once no member is left.
    ///
    /// - Returns: Whether anything was deleted.
    /// - Throws: ``Base/Problem`` if the file of another node has the set; another error if an object could not be
    ///   deleted, which has been reported.
    func run() async throws -> Bool {
        let (run, store) = (context.run, SetRecordStore(context.run, set: set.name))
        let record = try store.record()
        guard
            let client = try await context.connection(
                kubeconfig: set.kubeconfig.path,
                { "would delete set '\(set.name)', if the cluster has it: \($0)" }
            )
        else { return false }
        let failures = FailureReporter(context, order: [])
        let pruner = context.pruner(ofFormer: set.name, record, client)
        let deletion = SetDeletion(context: context, client: client, pruner: pruner, failures: failures)
        let released = try await deletion.reporting { () async throws(ObjectFailure) in
            try await pruner.release(by: run.hostName)
        }
        if released == nil, let record, record.kubeconfig != set.kubeconfig.path {
            throw Problem(
                "the cluster of kubeconfig '\(set.kubeconfig.path)' has no set '\(set.name)'",
                at: set.kubeconfig.location,
                hint: "its objects were applied with kubeconfig '\(record.kubeconfig)'"
            )
        }
        // The parent may have been deleted by hand.
        guard let parent = released ?? (record == nil ? nil : pruner.newParent) else {
            let text = "there is no set '\(set.name)'; remove this task, if the set was removed, or correct 'set'"
            context.emit(.warning(subject: pruner.parent.description, text))
            return false
        }
        guard parent.claimants.isEmpty else { throw claimed(by: parent.claimants) }
        var left = record ?? SetRecord(kubeconfig: set.kubeconfig.path, includesProtected: false)
        let (obsolete, count) = try await deletion.run(parent, left, after: 0)
        guard obsolete.isEverything else {
            await pruner.reduce(&left, to: obsolete)
            if left != record { try store.keep(left) }
            return count > 0
        }
        // The deletions have shortened the lists of the parent, and another node may have claimed the set meanwhile.
        if let now = try await deletion.reporting(pruner.read) {
            guard now.claimants.isEmpty else { throw claimed(by: now.claimants) }
            try await deletion.reporting { () async throws(ObjectFailure) in try await pruner.deleteParent(now) }
        }
        try store.discard()
        return true
    }

    private func claimed(by nodes: [String]) -> Problem {
        let names = shortList(nodes.map { "'\($0)'" })
        let command = ApplySet(name: set.name, task: context.task.name).commandReleasing(nodes[0])
        return Problem(
            "set '\(set.name)' is not removed: \(nodes.count == 1 ? "the file of node" : "the files of nodes") \(names) "
                + "\(nodes.count == 1 ? "has" : "have") a task with it, or had it in the last run there",
            at: set.kubeconfig.location,
            hint: "run 'nest-bootstrap run' there without that task; if '\(nodes[0])' no longer exists: "
                + command
        )
    }
}
