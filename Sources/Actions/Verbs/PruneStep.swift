import Base
import Execution
import Kubernetes
import Planning

/// The step of `apply` that deletes objects which the task's manifests no longer contain.
struct PruneStep {
    private let context: ActionContext
    private let client: APIClient
    private let failures: FailureReporter
    private let pruner: Pruner
    private var parent: Pruner.Parent

    /// Prepares the parent of the task's ApplySet, before anything is applied.
    ///
    /// - Returns: `nil` if the task deletes nothing.
    /// - Throws: An error if a manifest contains the ApplySet member label, or the parent cannot be written.
    init?(
        _ context: ActionContext,
        _ declaration: ApplyDeclaration,
        _ manifests: [ManifestObject],
        _ client: APIClient,
        _ failures: FailureReporter,
    ) async throws {
        guard declaration.pruning != .never else { return nil }
        let mistakes = ApplySet.mistakes(in: manifests)
        guard mistakes.isEmpty else { throw Problems(mistakes) }
        (self.context, self.client, self.failures) = (context, client, failures)
        pruner = Pruner(
            client: client,
            set: ApplySet(task: context.task.name),
            manifests: manifests,
            includesProtected: declaration.pruning == .all,
            isDryRun: context.run.files.isDryRun,
            retryPolicy: context.retryPolicy,
            location: context.task.location,
        )
        do {
            parent = try await pruner.widen()
        } catch {
            throw await Self.reported(error, failures)
        }
    }

    /// Deletes the objects, after all manifests have been read and applied.
    ///
    /// - Parameter appliedCount: The number of objects that were applied.
    /// - Returns: The number of objects that were deleted.
    /// - Throws: An error if an object could not be deleted.
    func run(after appliedCount: Int) async throws -> Int {
        let obsolete: Pruner.Obsolete
        do {
            obsolete = try await pruner.obsolete(in: parent) { [context, client] object in
                await context.run.describedObjects.reasonToKeep(object, context, client.kubeconfig)
            }
        } catch {
            throw await Self.reported(error, failures)
        }
        for (identity, reason) in obsolete.kept {
            context.emit(.warning(subject: identity.description, reason.message))
        }
        if let warning = obsolete.warning {
            context.emit(.warning(subject: ApplySet(task: context.task.name).parent.description, warning))
        }
        let count = obsolete.deletions.reduce(0) { $0 + $1.count }
        if count > 0 { context.emit(.objectCount(appliedCount + count)) }
        let deletions = DeletionReporter(context, failures)
        for group in obsolete.deletions {
            await pruner.delete(group) { deletions.report($0) }
            // Later groups are not deleted after a failure, because a remaining object may need their objects.
            await failures.report()
            try Task.checkCancellation()
            guard failures.count == 0 else { throw ReportedFailures() }
        }
        do {
            try await pruner.narrow(parent, after: obsolete)
        } catch {
            throw await Self.reported(error, failures)
        }
        return deletions.count
    }

    /// Adds an object to the parent's list before creation, if the server did not have the object's kind at the start.
    ///
    /// - Throws: ``APIError`` if the parent cannot be written.
    func addToParent(_ object: ObjectIdentity) async throws(APIError) {
        guard !parent.lists(object) else { return }
        try await pruner.addToParent(object)
    }

    /// Adds the applied objects to the parent's list, which another node may have shortened in the meantime.
    ///
    /// - Throws: An error if the parent cannot be read or written.
    mutating func keepMembers() async throws {
        do {
            parent = try await pruner.widen()
        } catch {
            throw await Self.reported(error, failures)
        }
    }

    /// Reports a failure, and returns the error of the task.
    private static func reported(_ failure: ObjectFailure, _ failures: FailureReporter) async -> any Error {
        if Task.isCancelled { return CancellationError() }
        failures.add(failure)
        await failures.report()
        return ReportedFailures()
    }
}
