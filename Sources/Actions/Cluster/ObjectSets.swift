public import Base
import Host
import Kubernetes
import Planning

/// The store of this node's record of a set, in the node's state directory.
struct SetRecordStore {
    private let run: RunEnvironment
    private let directory: String

    /// The directory that contains a directory for each set.
    private static let setsDirectory = "/var/lib/nest-bootstrap/sets"
    private static let name = "objects.json"
    private static let sizeLimit = 16 << 20

    init(_ run: RunEnvironment, set: String) {
        self.run = run
        directory = "\(Self.setsDirectory)/\(set)"
    }

    /// Returns the names of the sets that have a record, sorted.
    static func names(_ run: RunEnvironment) throws(SystemError) -> [String] {
        let location = try run.files.location(ofWritten: setsDirectory)
        guard try FileSystem.exists(location) else { return [] }
        return try FileSystem.list(location).filter { name in
            (try? FileSystem.exists("\(location)/\(name)/\(Self.name)")) == true
        }
    }

    /// Reads the record, or returns `nil` if there is none.
    func record() throws(Problem) -> SetRecord? {
        let path = "\(directory)/\(Self.name)"
        let bytes = try attempt("\(Self.failure) read") { try run.files.readProduct(path, limit: Self.sizeLimit) }
        guard let bytes else { return nil }
        if let record = SetRecord(json: bytes) { return record }
        let hint = "delete it; objects that the manifests no longer contain then stay"
        throw Problem("'\(path)' is not a record of a set's objects", hint: hint)
    }

    /// Writes the record; an object that is not in the record is never deleted.
    func keep(_ record: SetRecord) throws(Problem) {
        try attempt("\(Self.failure) written") { try run.files.keep(record.json, as: Self.name, in: directory) }
    }

    func discard() throws(Problem) {
        try attempt("\(Self.failure) deleted") { try run.files.discard(Self.name, in: directory) }
    }

    private static let failure = "the record of the set's objects cannot be"
}

/// The deletion of objects of a set, with warnings about objects that are kept.
struct SetDeletion {
    private let context: ActionContext
    let pruner: Pruner
    private let failures: FailureReporter

    init(
        _ set: ObjectSet,
        _ client: APIClient,
        _ record: SetRecord?,
        includesProtected: Bool,
        _ context: ActionContext
    ) {
        (self.context, failures) = (context, FailureReporter(context))
        pruner = Pruner(
            client: client,
            set: set,
            node: context.run.hostName,
            formerTasks: record?.tasks ?? [],
            includesProtected: includesProtected,
            isDryRun: context.run.files.isDryRun,
            retryPolicy: context.retryPolicy,
            location: context.task.location,
        )
    }

    /// Deletes the recorded objects that the manifests do not contain, unless there is a reason to keep them.
    ///
    /// `countBefore` is the object count that the task has emitted before.
    ///
    /// - Returns: The reduced record, and the number of objects that were deleted.
    /// - Throws: ``Base/Problems/alreadyReported`` if a request failed, or `CancellationError` if cancelled.
    func run(
        _ record: SetRecord,
        besides manifests: [ManifestObject],
        after countBefore: Int,
    ) async throws -> (rest: SetRecord, deletedCount: Int) {
        let obsolete = try await reporting { () async throws(ObjectFailure) in
            try await pruner.obsolete(record, besides: manifests) {
                await context.run.describedObjects.all(context).filter { $0.task != context.task.name }.reasonToKeep
            }
        }
        for warning in obsolete.warnings { context.emit(.warning(subject: pruner.parent.description, warning)) }
        let count = obsolete.deletions.reduce(0) { $0 + $1.count }
        if count > 0 { context.emit(.objectCount(countBefore + count)) }
        for group in obsolete.deletions {
            await pruner.delete(group, say: failures.report)
            // After a failure, the remaining groups stay: an object that was not deleted may need their objects.
            await failures.report()
            try Task.checkCancellation()
            guard failures.count == 0 else { throw Problems.alreadyReported }
        }
        var rest = record
        rest.members = obsolete.kept
        return (rest, failures.changedCount)
    }

    /// Performs an operation, and emits its failure.
    ///
    /// - Throws: ``Base/Problems/alreadyReported``, or `CancellationError` if the task was cancelled.
    func reporting<Value>(_ operation: () async throws(ObjectFailure) -> Value) async throws -> Value {
        do throws(ObjectFailure) {
            return try await operation()
        } catch {
            if Task.isCancelled { throw CancellationError() }
            failures.report(.failed(error))
            await failures.report()
            throw Problems.alreadyReported
        }
    }
}

/// The steps of `apply` that maintain the set of the task's objects: its ConfigMap on the server and the node's record.
///
/// A task with `prune` deletes the objects that its manifests no longer contain.
struct PruneStep {
    private let deletion: SetDeletion
    private let store: SetRecordStore
    private let manifests: [ManifestObject]
    /// The objects that the node has applied or is about to apply.
    private let record: SetRecord

    /// Records the objects on the node and on the server, before anything is applied.
    ///
    /// - Returns: `nil` if the task has no set.
    /// - Throws: An error if a manifest describes the ConfigMap, or if the record or the ConfigMap cannot be updated.
    init?(
        _ context: ActionContext,
        _ declaration: ApplyDeclaration,
        _ contents: ManifestLoader.Contents,
        _ client: APIClient,
    ) async throws {
        guard let name = context.task.setName else { return nil }
        let set = ObjectSet(name: name, task: context.task.name)
        let mistakes = set.mistakes(in: contents.manifests)
        guard mistakes.isEmpty else { throw Problems(mistakes) }
        let isOfAll = declaration.pruning == .all
        store = SetRecordStore(context.run, set: name)
        let known = try store.record()
        deletion = SetDeletion(set, client, known, includesProtected: isOfAll, context)
        manifests = contents.manifests
        let pruner = deletion.pruner
        let (task, kubeconfig) = (context.task.name, declaration.kubeconfig.path)
        var record = SetRecord(task: task, kubeconfig: kubeconfig, includesProtected: isOfAll, after: known)
        let wanted = try await deletion.reporting { () async throws(ObjectFailure) in
            try await pruner.members(contents.manifests)
        }
        record.members.formUnion(wanted)
        if record != known { try store.keep(record) }
        self.record = record
        let isComplete = contents.problems.isEmpty
        let unknown = try await deletion.reporting { () async throws(ObjectFailure) in
            try await pruner.claim(wanted, isComplete: isComplete, record: known)
        }
        // Every object is named, because the key no longer has it when the warning is read.
        for object in unknown {
            let text =
                "its key of this node lists \(object), which neither the manifests nor the node's record have; it stays: "
                + "delete it with kubectl if nothing needs it"
            context.emit(.warning(subject: pruner.parent.description, text))
        }
    }

    /// Deletes the obsolete objects after all manifests were applied, and returns the number of deleted objects.
    func run(after appliedCount: Int) async throws -> Int {
        let (rest, deletedCount) = try await deletion.run(record, besides: manifests, after: appliedCount)
        if rest != record { try store.keep(rest) }
        return deletedCount
    }
}

extension RemoveAction {
    /// Deletes the recorded objects of a set that no other node lists, and the node's key in the ConfigMap.
    ///
    /// An object that is kept for another reason stays in the record, so that a later run can delete it.
    ///
    /// - Returns: Whether any object was deleted; the key does not count.
    /// - Throws: ``Base/Problems/alreadyReported`` if a request for the key or an object failed.
    func remove(set name: String) async throws -> Bool {
        let store = SetRecordStore(context.run, set: name)
        let objectSet = ObjectSet(name: name, task: context.task.name)
        guard let record = try store.record() else {
            let text =
                "this node has not applied set '\(name)', or has removed it: remove this task, or correct 'set'"
            context.emit(.warning(subject: objectSet.parent.description, text))
            return false
        }
        guard record.kubeconfig == declaration.kubeconfig.path else {
            let message = "this node has applied set '\(name)' with kubeconfig '\(record.kubeconfig)'"
            throw Problem(message, at: declaration.kubeconfig.location, hint: "name it in 'kubeconfig'")
        }
        let client = try await context.run.connections.client(kubeconfig: declaration.kubeconfig.path, context)
        let isOfAll = record.includesProtected
        let deletion = SetDeletion(objectSet, client, record, includesProtected: isOfAll, context)
        // The key is removed first, so that the last of several nodes that remove the set finds no other key.
        try await deletion.reporting(deletion.pruner.release)
        let (rest, count) = try await deletion.run(record, besides: [], after: 0)
        if rest.objects.isEmpty { try store.discard() } else { try store.keep(rest) }
        return count > 0
    }
}

extension RunEnvironment {
    /// Returns warnings about recorded sets that no task of the plan names, and about their unreadable records.
    public func formerSetWarnings() -> [Problem] {
        let tasks = plan.steps.map(\.task)
        let present = Set(tasks.compactMap(\.setName) + tasks.compactMap(\.footprint.removedSet))
        let names: [String]
        do throws(Problem) {
            names = try attempt("the records of sets cannot be read") { try SetRecordStore.names(self) }
        } catch {
            return [error]
        }
        return names.filter { !present.contains($0) }.compactMap { name in
            do throws(Problem) {
                guard let record = try SetRecordStore(self, set: name).record() else { return nil }
                let objects = shortList(record.objects)
                let removal = "'remove: {set: \(name), kubeconfig: \(record.kubeconfig)}'"
                return Problem(
                    "no task has set '\(name)' any more, whose objects this node has applied (\(objects))",
                    hint: "a task with \(removal) deletes them, unless another node has them; "
                        + "'prune: {set: \(name)}' in a task keeps the set"
                )
            } catch {
                return error
            }
        }
    }
}
