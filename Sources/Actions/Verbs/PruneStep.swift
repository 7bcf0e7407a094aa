import Base
import Execution
import Kubernetes
import Planning

/// The steps of `apply` that keep the set of the task's objects: its parent, and the node's record of its members.
///
/// A task with `prune` has members, and deletes those that its manifests no longer contain. For a task that only has a
/// version, the parent records the version, so that an older file does not even create objects.
struct PruneStep {
    private let context: ActionContext
    private let deletion: SetDeletion
    private let store: SetRecordStore
    private var parent: SetParent
    /// The members that the node has applied, `nil` if the task does not prune.
    private var record: SetRecord?
    /// The objects that this run has created, or may have.
    private let created = CreatedObjects()
    /// A warning for the case that the task changes anything.
    private let undoing: String?

    private var pruner: Pruner { deletion.pruner }

    /// Prepares the parent and the record, before anything is applied.
    ///
    /// - Returns: `nil` if the task has no set.
    /// - Throws: An error if a manifest contains the ApplySet member label, if the parent or the record cannot be
    ///   written, or if the parent records a newer version.
    init?(
        _ context: ActionContext,
        _ declaration: ApplyDeclaration,
        _ manifests: [ManifestObject],
        _ client: APIClient,
        _ failures: FailureReporter,
    ) async throws {
        guard let name = context.task.setName else { return nil }
        let set = ApplySet(name: name, task: context.task.name)
        let prunes = declaration.pruning != .never
        let mistakes = prunes ? set.mistakes(in: manifests) : []
        guard mistakes.isEmpty else { throw Problems(mistakes) }
        self.context = context
        let pruner = Pruner(
            client: client,
            set: set,
            manifests: manifests,
            includesProtected: declaration.pruning == .all,
            isDryRun: context.run.files.isDryRun,
            retryPolicy: context.retryPolicy,
            location: context.task.location,
            claim: Pruner.Claim(
                node: context.run.hostName,
                cluster: context.run.clusterName,
                version: context.appliedVersion(declaration),
                digest: prunes ? Pruner.digest(of: manifests) : nil,
            ),
        )
        deletion = SetDeletion(context: context, client: client, pruner: pruner, failures: failures)
        store = SetRecordStore(context.run, set: name)
        // The record comes first: a claim in the parent that the node does not know would never be released.
        if prunes { record = try await Self.record(declaration, pruner, store) }
        let widened = try await deletion.reporting { () async throws(ObjectFailure) in try await pruner.widen() }
        for warning in widened.warnings { context.emit(.warning(subject: pruner.parent.description, warning)) }
        parent = widened.parent
        undoing = widened.undoing
    }

    /// Adds the objects of the manifests to the node's record.
    private static func record(
        _ declaration: ApplyDeclaration,
        _ pruner: Pruner,
        _ store: SetRecordStore
    ) async throws -> SetRecord {
        let known = try store.record()
        var record = SetRecord(
            kubeconfig: declaration.kubeconfig.path,
            includesProtected: declaration.pruning == .all,
            members: known,
        )
        await pruner.add(to: &record)
        if record != known { try store.keep(record) }
        return record
    }

    /// Deletes the objects, after all manifests have been read and applied.
    ///
    /// - Parameters:
    ///   - appliedCount: The number of objects that were applied.
    ///   - hasWaited: Whether the parent may have changed since it was read.
    /// - Returns: The number of objects that were deleted.
    /// - Throws: An error if an object could not be deleted.
    mutating func run(after appliedCount: Int, hasWaited: Bool) async throws -> Int {
        guard var record else { return 0 }
        if hasWaited { try await keepMembers(hasChanged: false) }
        let known = record
        let (obsolete, deletedCount) = try await deletion.run(parent, record, after: appliedCount)
        await pruner.reduce(&record, to: obsolete)
        if record != known { try store.keep(record) }
        return deletedCount
    }

    /// Adds an object to the parent's list before creation, if the server did not have the object's kind at the start.
    ///
    /// - Throws: ``APIError`` if the parent cannot be written.
    func addToParent(_ object: ObjectIdentity) async throws(APIError) {
        guard record != nil else { return }
        created.insert(object)
        guard !parent.covers(object) else { return }
        try await pruner.addToParent(object)
    }

    /// Adds the applied objects to the parent's list, which another node may have shortened in the meantime.
    ///
    /// - Parameter hasChanged: Whether an object was created or changed.
    /// - Throws: An error if the parent cannot be read or written, or if it records a newer version by now.
    mutating func keepMembers(hasChanged: Bool) async throws {
        if hasChanged, let undoing { context.emit(.warning(subject: pruner.parent.description, undoing)) }
        let pruner = pruner
        do throws(ObjectFailure) {
            parent = try await pruner.widen(notingApplication: hasChanged).parent
        } catch {
            let reported = await deletion.report(error)
            if case .outdated = error.cause { try await withdraw() }
            throw reported
        }
    }

    /// Deletes what this node has just created from an older file than that of another node.
    ///
    /// The other node has applied its newer version after this task began, and no longer has these objects.
    private func withdraw() async throws {
        guard let record = record?.limited(to: created.all), !record.objects.isEmpty else { return }
        let withdrawal = SetDeletion(
            context: context,
            client: deletion.client,
            pruner: pruner.withoutManifests,
            failures: FailureReporter(context, order: []),
        )
        if let parent = try await deletion.reporting(pruner.read) {
            _ = try await withdrawal.run(parent, record, after: nil)
        }
    }
}

/// The objects that a run has created, collected from any thread.
private final class CreatedObjects: Sendable {
    private let objects = Locked<Set<ObjectIdentity>>([])

    var all: Set<ObjectIdentity> { objects.withLock { $0 } }

    func insert(_ object: ObjectIdentity) { objects.withLock { _ = $0.insert(object) } }
}
