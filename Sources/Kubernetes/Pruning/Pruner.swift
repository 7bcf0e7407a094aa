public import Base

/// The operations that record the objects of a set, and delete objects that the manifests no longer contain.
///
/// An object is added to the node's record and key before it is applied, and removed from the record only once it is
/// deleted or left to another node or task. An interrupted run therefore loses no object.
public struct Pruner: Sendable {
    /// The recorded objects that the manifests do not contain.
    public struct Obsolete: Sendable {
        /// The objects to delete, in groups; objects that others need come last.
        public var deletions: [[ObjectIdentity]] = []
        /// A message for each reason to keep objects.
        public var warnings: [String] = []
        /// The objects that stay in the record, including those of the manifests.
        public fileprivate(set) var kept: Set<MemberKey>
    }

    public var parent: ObjectIdentity { self.set.parent }

    private let client: APIClient
    private let set: ObjectSet
    private let node: String
    private let formerTasks: Set<String>
    private let includesProtected: Bool
    private let isDryRun: Bool
    private let retryPolicy: RetryPolicy
    private let location: SourceLocation

    /// Creates a pruner of the objects that one node has applied.
    ///
    /// `formerTasks` are tasks that used the set in earlier runs. `includesProtected` says whether Namespaces,
    /// CustomResourceDefinitions and PersistentVolumeClaims are deleted too. `location` is the location of the task.
    public init(
        client: APIClient,
        set: ObjectSet,
        node: String,
        formerTasks: Set<String> = [],
        includesProtected: Bool,
        isDryRun: Bool,
        retryPolicy: RetryPolicy,
        location: SourceLocation,
    ) {
        (self.client, self.set, self.node) = (client, set, node)
        (self.formerTasks, self.includesProtected, self.isDryRun) = (formerTasks, includesProtected, isDryRun)
        (self.retryPolicy, self.location) = (retryPolicy, location)
    }

    /// Returns the keys of the objects in manifests.
    ///
    /// A kind that the server does not have yet counts as namespaced, unless it is known to be cluster-scoped.
    public func members(_ manifests: [ManifestObject]) async throws(ObjectFailure) -> Set<MemberKey> {
        try await explained { () async throws(APIError) in try await keys(of: manifests) }
    }

    private func keys(of manifests: [ManifestObject]) async throws(APIError) -> Set<MemberKey> {
        let names = ResourceNames(manifests)
        var keys: Set<MemberKey> = []
        for var identity in manifests.map(\.identity) {
            do throws(APIError) {
                identity = try await client.path(of: identity, until: retryPolicy.deadline).identity
            } catch .refused {
                // The server may not have the kind yet; its definition may be among the manifests.
                let namespace = identity.namespace ?? client.kubeconfig.namespace
                identity.namespace = names.isNamespaced(identity.type) ? namespace : nil
            }
            keys.insert(MemberKey(identity))
        }
        return keys
    }
}

/// The ConfigMap of a set.
extension Pruner {
    /// Writes the objects of the node's manifests, `wanted`, to the node's key before they are applied.
    ///
    /// A dry run writes nothing. If `isComplete` is false because not all manifests could be read, other objects stay
    /// in the key. `record` is the record before this run.
    ///
    /// - Returns: The objects that were listed in the key, but are neither in the manifests nor in the record.
    public func claim(
        _ wanted: Set<MemberKey>,
        isComplete: Bool,
        record: SetRecord?,
    ) async throws(ObjectFailure) -> [String] {
        try await explained { () async throws(APIError) in
            let live = try await client.find(set.parent, until: retryPolicy.deadline)
            let before = live?["data"]?[ObjectSet.nodePrefix + node]?.string.map(MemberKey.keys) ?? []
            let members = isComplete ? wanted : wanted.union(before)
            if !isDryRun, before != members { try await write(members) }
            return MemberKey.lines(before.subtracting(wanted).subtracting(record?.members ?? []))
        }
    }

    /// Removes the node's key, or the ConfigMap if no other node has a key in it; a dry run removes nothing.
    public func release() async throws(ObjectFailure) {
        guard !isDryRun else { return }
        try await explained { () async throws(APIError) in
            let path = try await client.path(of: set.parent, until: retryPolicy.deadline)
            guard let live = try await client.find(path.text, as: path.identity, until: retryPolicy.deadline) else {
                return
            }
            let others = (live["data"]?.mapping?.entries ?? []).filter { $0.key != ObjectSet.nodePrefix + node }
            if others.contains(where: { $0.key.hasPrefix(ObjectSet.nodePrefix) }) {
                try await write(nil)
            } else {
                let deadline = retryPolicy.deadline
                _ = try await client.delete(path, live, policy: "Background", isDryRun: false, until: deadline)
            }
        }
    }

    /// Writes or removes the node's key as the node's own field manager, so that no node changes the key of another.
    private func write(_ members: Set<MemberKey>?) async throws(APIError) {
        let path = try await client.path(of: set.parent, until: retryPolicy.deadline)
        let metadata = Node.mapping([
            ("name", .string(set.parent.name)), ("namespace", .string(set.parent.namespace ?? "")),
            ("labels", .mapping([(ManagedMetadata.managedByLabel, .string(ManagedMetadata.manager))])),
        ])
        let lines = members.map { MemberKey.lines($0).joined(separator: "\n") }
        let data = Node.mapping(lines.map { [(ObjectSet.nodePrefix + node, .string($0))] } ?? [])
        let body = Node.mapping([
            ("apiVersion", .string("v1")), ("kind", .string("ConfigMap")), ("metadata", metadata), ("data", data),
        ])
        _ = try await client.object(
            "PATCH",
            path.text,
            query: [("fieldManager", "\(ManagedMetadata.manager)-\(node)"), ("force", "true")],
            body: body.json(),
            as: path.expected,
            until: retryPolicy.deadline,
        )
    }

    /// Sends requests with retries, and explains their errors as errors of the ConfigMap.
    private func explained<Value>(
        _ requests: () async throws(APIError) -> Value
    ) async throws(ObjectFailure) -> Value {
        do throws(APIError) {
            // Not `.object`: that wait would end with the object's result, and none is reported for the ConfigMap.
            return try await retryPolicy.retry(.init(.condition, "\(set.parent)"), requests)
        } catch {
            let manifest = ManifestObject(set.parent, at: location)
            let explanation =
                Explanation(client: client, manifest: manifest, live: nil, task: set.task, purpose: .parent)
            throw explanation.failure(for: error)
        }
    }
}

extension Pruner {
    /// Finds the recorded objects that the manifests do not contain, after all objects of the manifests were applied.
    ///
    /// If there are no manifests, the set is being removed. `reasons` is called only if an object is obsolete. It
    /// returns a function that returns the reason to keep an object, or `nil`.
    public func obsolete(
        _ record: SetRecord,
        besides manifests: [ManifestObject],
        reasons: () async -> (ObjectIdentity) -> Problem?,
    ) async throws(ObjectFailure) -> Obsolete {
        let wanted = try await members(manifests)
        let left = record.members.subtracting(wanted).sorted { $0.text < $1.text }
        var result = Obsolete(kept: wanted)
        guard !left.isEmpty else { return result }
        let claims = try await explained { () async throws(APIError) -> [String: Set<MemberKey>] in
            self.claims(at: try await client.find(set.parent, until: retryPolicy.deadline))
        }
        let reasonToKeep = await reasons()
        var kept: [(reason: Problem, object: ObjectIdentity)] = []
        var deletions: [ObjectIdentity] = []
        for key in left {
            guard let (identity, live) = try await find(key), isMember(live) else { continue }
            // If the kind was unknown when the object was recorded, its scope was assumed, so the key may be wrong.
            guard !wanted.contains(MemberKey(identity)) else { continue }
            let nodes = claims.filter { identity.isListed(in: $0.value) }.keys.sorted()
            var reason = nodes.isEmpty ? reasonToKeepBySelf(live, identity) : veto(of: nodes)
            if reason == nil { reason = reasonToKeep(identity) }
            if let reason {
                kept.append((reason, identity))
                // When a set is removed, an object that other nodes list is left to the last of them.
                if nodes.isEmpty || !manifests.isEmpty { result.kept.insert(key) }
            } else {
                deletions.append(identity)
            }
        }
        let reasons = Dictionary(grouping: kept, by: \.reason).sorted { $0.key.message < $1.key.message }
        for (reason, members) in reasons {
            let names = shortList(members.map { "\($0.object)" })
            result.warnings.append("kept \(names): \(reason)")
        }
        let waves = Dictionary(grouping: deletions) { ApplyWave(of: $0.type).rawValue }
        result.deletions = waves.sorted { $0.key > $1.key }.map(\.value)
        return result
    }

    /// Returns the objects in the keys of other nodes, by node.
    private func claims(at live: Node?) -> [String: Set<MemberKey>] {
        let entries = (live?["data"]?.mapping?.entries ?? []).filter {
            $0.key.hasPrefix(ObjectSet.nodePrefix) && $0.key != ObjectSet.nodePrefix + node
        }
        let claims = entries.map {
            (String($0.key.dropFirst(ObjectSet.nodePrefix.count)), MemberKey.keys(in: $0.value.string ?? ""))
        }
        return Dictionary(claims) { first, _ in first }
    }

    /// Reads an object; returns `nil` if the object or its kind does not exist.
    private func find(_ key: MemberKey) async throws(ObjectFailure) -> (ObjectIdentity, Node)? {
        try await explained { () async throws(APIError) -> (ObjectIdentity, Node)? in
            let deadline = retryPolicy.deadline
            guard let type = try await client.catalog.type(of: key.kind, on: client, until: deadline) else {
                return nil
            }
            let identity = ObjectIdentity(type: type, namespace: key.namespace, name: key.name)
            let path = try await client.path(of: identity, until: deadline)
            let live = try await client.find(path.text, as: path.identity, until: deadline)
            return live.map { (path.identity, $0) }
        }
    }

    /// Returns whether an object belongs to the set: it names a task of the set, or no task.
    private func isMember(_ live: Node) -> Bool {
        ManagedMetadata.task(of: live).map { $0 == set.task || formerTasks.contains($0) } ?? true
    }

    /// Returns the reason to keep an object that the keys of other nodes list.
    private func veto(of nodes: [String]) -> Problem {
        let names = shortList(nodes.map { "'\($0)'" })
        return Problem(
            "the files of \(nodes.count == 1 ? "node" : "nodes") \(names) have it, or had it in the last run there",
            hint: "run the task there; if '\(nodes[0])' no longer exists: \(set.commandReleasing(nodes[0]))"
        )
    }

    /// Returns a reason to keep an object that follows from the object itself, or `nil` if there is none.
    private func reasonToKeepBySelf(_ live: Node, _ identity: ObjectIdentity) -> Problem? {
        if ObjectAnnotation.prune.isSet(in: live) {
            return Problem("its annotation '\(ObjectAnnotation.prune.key)' says so")
        }
        if !includesProtected, ObjectSet.isProtected(identity.type) {
            return Problem("a \(identity.type.kind) is deleted only with '\(set.declarationOfAll)' or by kubectl")
        }
        guard !ManagedMetadata.isOnlyApplied(live) else { return nil }
        let owner = live["metadata"]?["ownerReferences"]?.sequence?.first
        let text =
            ManagedMetadata.otherApplier(of: live).map { "field manager '\($0)' applies it" }
            ?? owner.map { "it is owned by \($0["kind"]?.string ?? "")/\($0["name"]?.string ?? "")" }
            ?? "its managed fields do not say that \(ManagedMetadata.manager) applied it"
        return Problem(text, hint: "delete it with 'kubectl delete \(identity.kubectlArguments)'")
    }

    /// Reads the objects of a group again, and deletes those that may still be deleted.
    ///
    /// `say` receives the result for each object as soon as it is known, on any thread.
    public func delete(
        _ identities: [ObjectIdentity],
        say: @escaping @Sendable (Applier.Message) -> Void,
    ) async {
        var deletion = ObjectDeletion(client: client, task: set.task, isDryRun: isDryRun, retryPolicy: retryPolicy)
        deletion.isMeant = { identity, live async throws(APIError) in
            let claims = claims(at: try await client.find(set.parent, until: retryPolicy.deadline))
            guard !claims.values.contains(where: { identity.isListed(in: $0) }), isMember(live) else { return false }
            // An error keeps the object in the record.
            if let reason = reasonToKeepBySelf(live, identity) { throw .pending("kept: \(reason.message)", .permanent) }
            return true
        }
        await deletion.delete(identities.map { ($0, location) }, say: say)
    }
}

extension ObjectIdentity {
    /// Returns whether keys include an object on the server; the key of a cluster-scoped object may have a namespace.
    ///
    /// If the server lacked the kind when a key was written, the scope of the kind was assumed.
    fileprivate func isListed(in keys: Set<MemberKey>) -> Bool {
        let key = MemberKey(self)
        return keys.contains(key) || namespace == nil && keys.contains { $0.kind == key.kind && $0.name == key.name }
    }
}
