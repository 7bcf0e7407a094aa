public import Base

/// The application of manifests by server-side apply, in four waves.
///
/// Each object is read, and sent unless it is certainly unchanged. An object is not tried if an object that it needs
/// has failed, or if the task's timeout has passed.
public struct Applier: Sendable {
    /// A report about one object that is applied or deleted.
    public enum Message: Sendable {
        /// The result for an object; in a dry run, the result that a real run would have.
        case applied(ObjectIdentity, ObjectResult)
        case failed(ObjectFailure)
        /// A warning from the server or the applier.
        case warning(ObjectIdentity, String)
    }

    let client: APIClient
    let managedMetadata: ManagedMetadata
    let conflicts: ConflictTreatment
    /// The managers whose fields are taken over, even fields that the manifests do not have.
    let takenManagers: TakenManagers
    /// The overlay of a dry run, or `nil` in a real run.
    let dryRunOverlay: DryRunOverlay?
    let retryPolicy: RetryPolicy
    let mayAppear: @Sendable (Requirement) async -> Bool
    let say: @Sendable (Message) -> Void

    /// Creates an applier; `say` receives its reports, and may be called on any thread.
    ///
    /// The fields of `takenManagers` and of client-side kubectl are taken over. `mayAppear` returns whether a kind or
    /// namespace that the server lacks may still be created. Only a dry run has a `dryRunOverlay`.
    public init(
        client: APIClient,
        managedMetadata: ManagedMetadata,
        conflicts: ConflictTreatment,
        takenManagers: [String] = [],
        dryRunOverlay: DryRunOverlay?,
        retryPolicy: RetryPolicy,
        mayAppear: @escaping @Sendable (Requirement) async -> Bool = { _ in true },
        say: @escaping @Sendable (Message) -> Void,
    ) {
        (self.client, self.managedMetadata, self.conflicts) = (client, managedMetadata, conflicts)
        self.takenManagers = TakenManagers(names: takenManagers)
        (self.dryRunOverlay, self.retryPolicy) = (dryRunOverlay, retryPolicy)
        (self.mayAppear, self.say) = (mayAppear, say)
    }

    /// Applies objects, and returns the objects that were applied.
    ///
    /// Each failure except an interruption is reported.
    public func apply(_ found: DistinctObjects) async -> [ManifestObject] {
        let objects = found.objects
        var failed = ProviderIndex<ObjectFailure>()
        var applied: [Int] = []
        let waves = Dictionary(grouping: objects.indices) { ApplyWave(of: objects[$0].identity.type) }
        for wave in ApplyWave.allCases where !Task.isCancelled {
            let members = waves[wave] ?? []
            let listed = wave == .foundations ? [:] : await listedObjects(members.map { objects[$0] })
            let (results, ended) = AsyncStream.makeStream(of: (index: Int, failure: ObjectFailure?).self)
            // A group with results would keep the memory of each ended task, some 40 KiB, until all tasks have begun.
            await withDiscardingTaskGroup { [failed] group in
                for index in members {
                    let others = found.repetitions[index] ?? []
                    group.addTask { ended.yield((index, await apply(objects[index], others, failed, listed))) }
                }
            }
            ended.finish()
            for await (index, failure) in results {
                if let failure { failed.insert(objects[index], as: failure) } else { applied.append(index) }
            }
        }
        return applied.sorted().map { objects[$0] }
    }

    /// Applies an object, reports the result, and returns the failure if there is one.
    private func apply(
        _ manifest: ManifestObject,
        _ repetitions: [ManifestObject],
        _ failed: ProviderIndex<ObjectFailure>,
        _ listed: [String: [String: Node]],
    ) async -> ObjectFailure? {
        do throws(ObjectFailure) {
            if let needed = failed.provider(
                neededBy: manifest.identity,
                defaultNamespace: client.kubeconfig.namespace
            ) {
                let reason = needed.cause == .beingDeleted ? "is being deleted" : "could not be applied"
                let message = "not tried: \(needed.object), which it needs, \(reason)"
                throw ObjectFailure(manifest, .notTried(because: needed.object), message)
            }
            let isAmbiguous = !DistinctObjects.areEqual(repetitions)
            let faults =
                ObjectAnnotation.problems(in: manifest)
                + (isAmbiguous ? DistinctObjects.faults(of: repetitions) : [])
            guard faults.isEmpty else {
                throw ObjectFailure(object: manifest.identity, cause: .invalid, faults: faults)
            }
            guard .now < retryPolicy.deadline else {
                let hint = "increase 'timeout' of task '\(managedMetadata.task)'"
                throw ObjectFailure(manifest, .other, "not tried: no time of the task's timeout was left", hint: hint)
            }
            let application = ObjectApplication(applier: self, manifest: manifest)
            let (identity, result) = try await application.run(listed)
            if manifest.identity.isCustomResourceDefinition, dryRunOverlay == nil { try await awaitServed(manifest) }
            say(.applied(identity, result))
            return nil
        } catch {
            // An interrupted object has not failed: the task reports the interruption.
            if error.cause != .interrupted { say(.failed(error)) }
            return error
        }
    }

    /// Waits until discovery lists the kind of a CustomResourceDefinition, so that its objects can be created.
    private func awaitServed(_ manifest: ManifestObject) async throws(ObjectFailure) {
        guard let type = DefinedKind.servedType(of: manifest),
            let plural = manifest.root["spec"]?["names"]?["plural"]?.string
        else { return }
        let (start, deadline) = (ContinuousClock.now, retryPolicy.deadline)
        do throws(APIError) {
            let backoff = Backoff(first: .milliseconds(50))
            try await retryPolicy.retry(.init(.object, "\(manifest.identity)"), backoff: backoff) {
                () async throws(APIError) in
                if try await client.catalog.serves(type, plural, on: client, until: deadline) { return }
                // A definition is large, so it is read only if discovery does not list its kind within 2 s.
                if start + .seconds(2) < .now, let live = try await client.find(manifest.identity, until: deadline),
                    case .failed(let reason) = Readiness(of: live, type: manifest.identity.type)
                {
                    throw .pending("it cannot be established: \(reason)", .transient)
                }
                throw .pending("discovery does not list \(type) yet", .retry)
            }
        } catch .pending(let words, _, _) where !Task.isCancelled {
            let message = "the definition is on the server, but its objects are not served: \(words)"
            let hint = "see 'kubectl get crd \(manifest.identity.name) -o jsonpath={.status.conditions}'"
            throw ObjectFailure(manifest, .other, message, hint: hint)
        } catch {
            throw explanation(of: manifest, live: nil).failure(for: error)
        }
    }

    func explanation(of manifest: ManifestObject, live: Node?) -> Explanation {
        Explanation(client: client, manifest: manifest, live: live, task: managedMetadata.task)
    }
}

/// Lists that replace single reads if a task has many objects of a kind in one namespace.
extension Applier {
    /// The minimum number of wanted objects at which a collection is listed.
    private static let leastCount = 16

    /// The maximum number of listed objects per wanted object; above it, objects are read one by one.
    private static let ratio = 10

    /// Lists collections from which many objects are wanted; not Secrets, because a list may include unrelated ones.
    ///
    /// - Returns: The listed objects, by the path of the collection and by name.
    private func listedObjects(_ objects: [ManifestObject]) async -> [String: [String: Node]] {
        struct Group: Hashable {
            let type: GroupVersionKind
            let namespace: String
        }
        let groups = Dictionary(grouping: objects.map(\.identity)) { identity in
            Group(type: identity.type, namespace: identity.namespace ?? client.kubeconfig.namespace)
        }
        var lists: [String: [String: Node]] = [:]
        await withTaskGroup(of: (path: String, objects: [String: Node]?).self) { tasks in
            for (group, members) in groups where members.count >= Self.leastCount && !group.type.isSecret {
                tasks.addTask {
                    let path = try? await client.path(of: members[0], until: retryPolicy.deadline).collection
                    guard let path else { return ("", nil) }
                    return (path, await list(path, of: group.type, wanted: members.count))
                }
            }
            for await list in tasks { lists[list.path] = list.objects }
        }
        return lists
    }

    private func list(_ path: String, of type: GroupVersionKind, wanted count: Int) async -> [String: Node]? {
        var objects: [String: Node] = [:]
        var token: String?
        repeat {
            let query = [("limit", "\(max(500, min(count, 2000)))")] + (token.map { [("continue", $0)] } ?? [])
            // If the list cannot be read, the objects are read one by one, and these reads report the error. A reply
            // that is no list would look like an empty one.
            guard let page = try? await client.object("GET", path, query: query, until: retryPolicy.deadline).node,
                page["kind"]?.string?.hasSuffix("List") == true
            else { return nil }
            for item in page["items"]?.sequence ?? [] {
                guard let name = item["metadata"]?["name"]?.string, var mapping = item.mapping else { continue }
                // Items of a list have no `apiVersion` and `kind`.
                (mapping["apiVersion"], mapping["kind"]) = (.string(type.apiVersion), .string(type.kind))
                objects[name] = Node(.mapping(mapping), location: item.location)
            }
            guard objects.count <= count * Self.ratio else { return nil }
            token = page["metadata"]?["continue"]?.string
        } while token?.isEmpty == false
        return objects
    }
}
