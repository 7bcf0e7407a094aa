import Base
import Execution
import Kubernetes
import Planning

/// The deletion of objects of a set, with reports about those that are kept.
struct SetDeletion {
    let context: ActionContext
    let pruner: Pruner
    let failures: FailureReporter

    /// Finds the recorded objects that manifests do not contain, and deletes them.
    ///
    /// - Parameters:
    ///   - record: The objects that the node has applied.
    ///   - manifests: The manifests of the task.
    ///   - countBefore: The number of objects that the task has reported before.
    /// - Returns: The record of the manifests and of what was kept, and the number of objects that were deleted.
    /// - Throws: An error if an object could not be found or deleted; it has been reported.
    func run(
        _ record: SetRecord,
        besides manifests: [ManifestObject],
        after countBefore: Int,
    ) async throws -> (rest: SetRecord, deletedCount: Int) {
        let obsolete = try await reporting { () async throws(ObjectFailure) in
            try await pruner.obsolete(record, besides: manifests) { [context] object in
                await context.run.describedObjects.reasonToKeep(object, context)
            }
        }
        for warning in obsolete.warnings { context.emit(.warning(subject: pruner.parent.description, warning)) }
        let count = obsolete.deletions.reduce(0) { $0 + $1.count }
        if count > 0 { context.emit(.objectCount(countBefore + count)) }
        let deletions = DeletionReporter(context, failures)
        for group in obsolete.deletions {
            await pruner.delete(group) { deletions.report($0) }
            // Later groups are not deleted after a failure, because a remaining object may need their objects.
            await failures.report()
            try Task.checkCancellation()
            guard failures.count == 0 else { throw ReportedFailures() }
        }
        var rest = record
        try await reporting { () async throws(ObjectFailure) in
            try await pruner.reduce(&rest, to: manifests, and: obsolete)
        }
        return (rest, deletions.count)
    }

    /// Performs an operation, and reports its failure.
    ///
    /// - Returns: The result of the operation.
    /// - Throws: ``ReportedFailures``, or `CancellationError` if the task was cancelled.
    func reporting<Value>(_ operation: () async throws(ObjectFailure) -> Value) async throws -> Value {
        do throws(ObjectFailure) {
            return try await operation()
        } catch {
            if Task.isCancelled { throw CancellationError() }
            failures.add(error)
            await failures.report()
            throw ReportedFailures()
        }
    }
}
