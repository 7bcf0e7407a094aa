public import Base

/// Finds and deletes the objects of a set that manifests no longer contain.
///
/// The record and the key of the node list an object before it is applied, and the record until it is deleted, so that an
/// interruption at any moment loses none.
public struct Pruner: Sendable {
    /// The recorded objects that the manifests do not contain.
    public struct Obsolete: Sendable {
        /// Objects to delete, in groups; objects that other objects need come last.
        public var deletions: [[ObjectIdentity]] = []
        /// A message for each reason why objects are kept.
        public var warnings: [String] = []
        /// The objects that are kept.
        var kept: Set<MemberKey> = []
    }

    /// The identity of the set's ConfigMap.
    public var parent: ObjectIdentity { self.set.parent }

    private let client: APIClient
    private let set: ObjectSet
    private let node: String
    private let formerTasks: Set<String>
    private let includesProtected: Bool
    private let isDryRun: Bool
    private let retryPolicy: RetryPolicy
    private let location: SourceLocation

    /// Creates a pruner.
    ///
    /// - Parameters:
    ///   - client: The API server.
    ///   - set: The set of the task.
    ///   - node: The name of the node.
    ///   - formerTasks: The tasks that have had the set before.
    ///   - includesProtected: Whether Namespaces, CustomResourceDefinitions and PersistentVolumeClaims are deleted too.
    ///   - isDryRun: Whether the pruner only reports the changes that it would make.
    ///   - retryPolicy: How requests are retried.
    ///   - location: The location of the task, for messages.
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

    /// Adds the objects of manifests to a record, before they are applied.
    public func add(_ manifests: [ManifestObject], to record: inout SetRecord) async throws(ObjectFailure) {
        record.members.formUnion(try await explained { () async throws(APIError) in try await keys(of: manifests) })
    }

    /// Reduces a record to the objects of manifests and those that are kept, after the deletions.
    public func reduce(
        _ record: inout SetRecord,
        to manifests: [ManifestObject],
        and obsolete: Obsolete,
    ) async throws(ObjectFailure) {
        record.members = obsolete.kept
        try await add(manifests, to: &record)
    }

    /// Returns the keys of the objects of manifests.
    private func keys(of manifests: [ManifestObject]) async throws(APIError) -> Set<MemberKey> {
        let names = ResourceNames(manifests)
        var keys: Set<MemberKey> = []
        for var identity in manifests.map(\.identity) {
            do throws(APIError) {
                identity = try await client.path(of: identity, until: retryPolicy.deadline).identity
            } catch .refused {
                // If the manifests define the kind, the scope in the definition applies.
                let namespace = identity.namespace ?? client.kubeconfig.namespace
                identity.namespace = names.isNamespaced(identity.type) ? namespace : nil
            }
            keys.insert(MemberKey(identity))
        }
        return keys
    }
}

/// The ConfigMap of a set, in which each node owns its key.
extension Pruner {
    /// Records at the server which objects the node's manifests have, before they are applied.
    ///
    /// - Parameters:
    ///   - manifests: The manifests.
    ///   - isComplete: Whether these are all; otherwise the key keeps the objects that it has.
    ///   - record: The node's record from before, `nil` if the node has none.
    /// - Returns: The objects that the key had, and that this node knows nothing of.
    /// - Throws: ``ObjectFailure`` if the ConfigMap cannot be read or written.
    public func claim(
        _ manifests: [ManifestObject],
        isComplete: Bool,
        record: SetRecord?,
    ) async throws(ObjectFailure) -> [String] {
        try await explained { () async throws(APIError) in
            let wanted = try await keys(of: manifests)
            let live = try await client.find(set.parent, until: retryPolicy.deadline)
            let before = live?["data"]?[ObjectSet.nodePrefix + node]?.string.map(MemberKey.keys) ?? []
            let members = isComplete ? wanted : wanted.union(before)
            if !isDryRun, before != members { try await write(members) }
            return MemberKey.lines(before.subtracting(wanted).subtracting(record?.members ?? []))
        }
    }

    /// Removes the node's key, and the ConfigMap if it has no other.
    ///
    /// - Throws: ``ObjectFailure`` if the ConfigMap cannot be read or written.
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

    /// Writes the node's key by server-side apply as a field manager of its own, so that no node changes another's.
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

    /// Sends requests about the ConfigMap, and explains their errors.
    private func explained<Value>(
        _ requests: () async throws(APIError) -> Value
    ) async throws(ObjectFailure) -> Value {
        do throws(APIError) {
            // Not a wait for an object, which ends with a result, and the ConfigMap has none.
            return try await retryPolicy.retry(.init(.condition, "\(set.parent)"), requests)
        } catch {
            let manifest = ManifestObject(set.parent, at: location)
            let explanation =
                Explanation(client: client, manifest: manifest, live: nil, task: set.task, purpose: .parent)
            throw explanation.failure(for: error)
        }
    }
}

/// The objects that the manifests no longer contain.
extension Pruner {
    /// Finds the recorded objects that the manifests do not contain.
    ///
    /// All objects of the manifests must have been applied before this call.
    ///
    /// - Parameters:
    ///   - record: The objects that the node has applied.
    ///   - manifests: The manifests of the task; none to remove the set.
    ///   - reasonToKeep: Returns the reason to keep an object, or `nil` to delete it.
    /// - Returns: The objects.
    /// - Throws: ``ObjectFailure`` if an object, or the keys of the other nodes, cannot be read.
    public func obsolete(
        _ record: SetRecord,
        besides manifests: [ManifestObject],
        reasonToKeep: @Sendable (ObjectIdentity) async -> Problem?,
    ) async throws(ObjectFailure) -> Obsolete {
        let wanted = try await explained { () async throws(APIError) in try await keys(of: manifests) }
        let left = record.members.subtracting(wanted).sorted { $0.text < $1.text }
        var result = Obsolete()
        guard !left.isEmpty else { return result }
        let claims = try await explained { () async throws(APIError) -> [String: Set<MemberKey>] in
            self.claims(at: try await client.find(set.parent, until: retryPolicy.deadline))
        }
        var kept: [(reason: Problem, object: ObjectIdentity)] = []
        var deletions: [ObjectIdentity] = []
        for key in left {
            guard let (identity, live) = try await find(key), isMember(live) else { continue }
            // The kind may have been unknown when the record was made, and so the scope of the object.
            guard !wanted.contains(MemberKey(identity)) else { continue }
            let nodes = claims.filter { $0.value.contains(key) || $0.value.contains(MemberKey(identity)) }.keys.sorted()
            var reason = nodes.isEmpty ? reasonToKeepBySelf(live, identity) : veto(of: nodes)
            if reason == nil { reason = await reasonToKeep(identity) }
            if let reason {
                kept.append((reason, identity))
                // Of a set that is removed, the last node that lists an object deletes it.
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
        let waves = Dictionary(grouping: deletions) { ApplyOrder.wave(of: $0.type).rawValue }
        result.deletions = waves.sorted { $0.key > $1.key }.map(\.value)
        return result
    }

    /// The objects of the other nodes' manifests, by node.
    private func claims(at live: Node?) -> [String: Set<MemberKey>] {
        let entries = (live?["data"]?.mapping?.entries ?? []).filter { $0.key.hasPrefix(ObjectSet.nodePrefix) }
        let claims = entries.map {
            (String($0.key.dropFirst(ObjectSet.nodePrefix.count)), MemberKey.keys(in: $0.value.string ?? ""))
        }
        return Dictionary(claims.filter { $0.0 != node }) { first, _ in first }
    }

    /// Reads an object, or returns `nil` if the object or its kind is gone.
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

    /// Returns whether the set's task has applied an object, and no other one since.
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

    /// Returns the reason to keep an object that the object itself shows, `nil` if it may be deleted.
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

    /// Deletes objects that still qualify for deletion when they are read again.
    ///
    /// - Parameters:
    ///   - identities: The objects of one group.
    ///   - say: Receives the result for each object as soon as it is known, on any thread.
    public func delete(
        _ identities: [ObjectIdentity],
        say: @escaping @Sendable (ObjectDeletion.Message) -> Void,
    ) async {
        var deletion = ObjectDeletion(client: client, task: set.task, isDryRun: isDryRun, retryPolicy: retryPolicy)
        deletion.isMeant = { identity, live async throws(APIError) in
            let claims = claims(at: try await client.find(set.parent, until: retryPolicy.deadline))
            guard !claims.values.contains(where: { $0.contains(MemberKey(identity)) }) else { return false }
            return isMember(live) && reasonToKeepBySelf(live, identity) == nil
        }
        await deletion.delete(identities.map { ($0, location) }, say: say)
    }
}
