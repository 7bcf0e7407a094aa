import Base
import Execution
import Kubernetes
import Planning

/// The deletion of members of a set, with reports about those that are kept.
struct SetDeletion {
    let context: ActionContext
    let client: APIClient
    let pruner: Pruner
    let failures: FailureReporter

    /// Finds the members to delete, deletes them, and shortens the lists of the parent.
    ///
    /// - Parameters:
    ///   - parent: The parent as it was read last.
    ///   - record: The members that the node has applied.
    ///   - countBefore: The number of objects that the task has reported before, `nil` if the number is of no interest.
    /// - Returns: The members that were found, and the number of those that were deleted.
    /// - Throws: An error if a member could not be found or deleted; it has been reported.
    func run(
        _ parent: SetParent,
        _ record: SetRecord,
        after countBefore: Int?,
    ) async throws -> (obsolete: Pruner.Obsolete, deletedCount: Int) {
        var parent = parent
        var obsolete = try await obsolete(in: parent, record)
        // Another node may have claimed an object since the parent was read.
        while !obsolete.deletions.isEmpty, let now = try await reporting(pruner.read),
            now.resourceVersion != parent.resourceVersion
        {
            parent = now
            obsolete = try await self.obsolete(in: parent, record)
        }
        for (identity, reason) in obsolete.kept {
            context.emit(.warning(subject: identity.description, reason.message))
        }
        if let warning = obsolete.warning { context.emit(.warning(subject: pruner.parent.description, warning)) }
        let count = obsolete.deletions.reduce(0) { $0 + $1.count }
        if count > 0, let countBefore { context.emit(.objectCount(countBefore + count)) }
        let deletions = DeletionReporter(context, failures)
        for group in obsolete.deletions {
            await pruner.delete(group) { deletions.report($0) }
            // Later groups are not deleted after a failure, because a remaining object may need their objects.
            await failures.report()
            try Task.checkCancellation()
            guard failures.count == 0 else { throw ReportedFailures() }
        }
        try await reporting { [parent, obsolete] () async throws(ObjectFailure) in
            try await pruner.narrow(parent, after: obsolete)
        }
        return (obsolete, deletions.count)
    }

    private func obsolete(in parent: SetParent, _ record: SetRecord) async throws -> Pruner.Obsolete {
        try await reporting { () async throws(ObjectFailure) in
            try await context.obsolete(pruner, in: parent, record, client)
        }
    }

    /// Performs an operation, and reports its failure.
    ///
    /// - Returns: The result of the operation.
    /// - Throws: ``ReportedFailures``, or `CancellationError` if the task was cancelled.
    func reporting<Value>(_ operation: () async throws(ObjectFailure) -> Value) async throws -> Value {
        do throws(ObjectFailure) {
            return try await operation()
        } catch {
            throw await report(error)
        }
    }

    /// Reports a failure.
    ///
    /// - Returns: The error to throw: ``ReportedFailures``, or `CancellationError` if the task was cancelled.
    func report(_ failure: ObjectFailure) async -> any Error {
        if Task.isCancelled { return CancellationError() }
        failures.add(failure)
        await failures.report()
        return ReportedFailures()
    }
}

extension ActionContext {
    /// Creates the pruner of a set that no task of the node has any more.
    ///
    /// - Parameters:
    ///   - set: The name of the set.
    ///   - record: The members that the node has applied, if it has a record.
    ///   - client: The API server.
    /// - Returns: The pruner, for which all members are obsolete.
    func pruner(ofFormer set: String, _ record: SetRecord?, _ client: APIClient) -> Pruner {
        Pruner(
            client: client,
            set: ApplySet(name: set, task: task.name),
            manifests: [],
            includesProtected: record?.includesProtected ?? false,
            isDryRun: run.files.isDryRun,
            retryPolicy: retryPolicy,
            location: task.location,
        )
    }

    /// Finds the members that are obsolete, except objects that other tasks describe.
    func obsolete(
        _ pruner: Pruner,
        in parent: SetParent,
        _ record: SetRecord,
        _ client: APIClient
    ) async throws(ObjectFailure) -> Pruner.Obsolete {
        try await pruner.obsolete(in: parent, recordedIn: record, of: run.hostName) { object in
            await run.describedObjects.reasonToKeep(object, self, client.kubeconfig)
        }
    }
}
