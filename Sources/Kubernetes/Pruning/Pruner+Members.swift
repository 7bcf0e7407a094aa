import YAML

/// The members of an ApplySet on the server.
extension Pruner {
    /// A kind of the server.
    private struct Served {
        var type: GroupVersionKind
        var resource: APIResource
    }

    /// An object of the server, whatever version of its kind is read.
    private struct Key: Hashable {
        var kind: DefinedKind
        var namespace: String?
        var name: String
    }

    /// Finds the members that the manifests do not hold; all objects of these must have been applied.
    ///
    /// - Parameters:
    ///   - parent: The parent as ``widen()`` left it.
    ///   - isDescribed: Whether another task describes an object.
    /// - Returns: The members.
    /// - Throws: ``ObjectFailure`` if not all members can be listed.
    public func obsolete(
        in parent: Parent,
        isDescribed: @Sendable (ManifestObject) async -> Bool,
    ) async throws(ObjectFailure) -> Obsolete {
        var served: [DefinedKind: Served] = [:]
        for kind in parent.scope.kinds.sorted(by: { ($0.group, $0.kind) < ($1.group, $1.kind) }) {
            served[kind] = try await serve(kind)
        }
        var result = Obsolete()
        var wanted: Set<Key> = []
        for identity in manifests.map(\.identity) {
            let kind = DefinedKind(identity.type)
            let isNamespaced = served[kind]?.resource.isNamespaced ?? (identity.namespace != nil)
            let namespace = isNamespaced ? identity.namespace ?? client.kubeconfig.namespace : nil
            wanted.insert(Key(kind: kind, namespace: namespace, name: identity.name))
            result.scope.kinds.insert(kind)
            if let namespace { result.scope.insert(namespace) }
        }
        let members = try await allMembers(of: served.values.map(\.self), in: parent.scope.namespaces)
        let isWanted = { (member: ApplySetMember) in
            let identity = member.identity
            let key = Key(kind: DefinedKind(identity.type), namespace: identity.namespace, name: identity.name)
            return wanted.contains(key)
        }
        // The same object may be served in two groups, as Ingress was, and only one of them be in the manifests.
        let wantedUIDs = Set(members.filter(isWanted).map(\.uid))
        var deletions: [ObjectIdentity] = []
        for member in members where !wantedUIDs.contains(member.uid) {
            switch verdict(on: member.object, of: member.identity) {
            case .ignore: continue
            case .keep(let reason): result.kept.append((member.identity, reason))
            case .delete:
                if await !isDescribed(manifest(of: member)) {
                    deletions.append(member.identity)
                    continue
                }
            }
            result.scope.kinds.insert(DefinedKind(member.identity.type))
            if let namespace = member.identity.namespace { result.scope.insert(namespace) }
        }
        result.kept.sort { "\($0.identity)" < "\($1.identity)" }
        let byRank = Dictionary(grouping: deletions) { ApplyOrder.rank(of: $0.type) }
        result.deletions = byRank.sorted { $0.key > $1.key }.map { $0.value.sorted { "\($0)" < "\($1)" } }
        return result
    }

    /// Deletes members, as long as they are what ``obsolete(in:isDescribed:)`` found.
    ///
    /// - Parameter identities: The members of one group.
    /// - Returns: What became of each.
    public func delete(_ identities: [ObjectIdentity]) async -> [Deleter.Message] {
        let deleter = Deleter(
            client: client,
            task: set.task,
            isDryRun: isDryRun,
            retryPolicy: retryPolicy,
            condition: { identity, live in verdict(on: live, of: identity) == .delete },
        )
        return await deleter.delete(identities.map { ($0, location) })
    }

    private func verdict(on object: Node, of identity: ObjectIdentity) -> ApplySetMember.Verdict {
        ApplySetMember.verdict(on: object, of: identity.type, in: set.id, includesProtected: includesProtected)
    }

    private func manifest(of member: ApplySetMember) -> ManifestObject {
        ManifestObject(
            identity: member.identity,
            root: Node(member.object.content, location: location),
            documentIndex: 1
        )
    }

    /// The version in which the server has a kind, `nil` if it has been removed, together with all its objects.
    private func serve(_ kind: DefinedKind) async throws(ObjectFailure) -> Served? {
        let written = manifests.lazy.map(\.identity.type).first { DefinedKind($0) == kind }
        do throws(APIError) {
            return try await retryPolicy.retry(kind.kind) { () async throws(APIError) in
                if let type = try await client.servedType(of: kind, preferring: written, until: retryPolicy.deadline) {
                    let resource = try await client.catalog.resource(of: type, on: client, until: retryPolicy.deadline)
                    return Served(type: type, resource: resource)
                }
                // A server that has just started may not know all kinds yet.
                if isDryRun { return nil }
                throw .pending("the server has no kind '\(kind.kind)' of group '\(kind.group)'", .transient)
            }
        } catch .pending {
            return nil
        } catch {
            let type = written ?? GroupVersionKind(group: kind.group, version: "", kind: kind.kind)
            throw await listFailure(error, of: type, in: nil)
        }
    }

    /// Lists all objects with the label.
    private func allMembers(
        of kinds: [Served],
        in namespaces: Set<String>
    ) async throws(ObjectFailure) -> [ApplySetMember] {
        var requests: [(served: Served, namespace: String?)] = []
        for served in kinds {
            let places =
                served.resource.isNamespaced ? namespaces.union([ApplySet.namespace]).map(Optional.some) : [nil]
            requests += places.map { (served, $0) }
        }
        // Declared outside the group for the reason given in `Rollout.pause`.
        var all: [ApplySetMember] = []
        var failures: [ObjectFailure] = []
        await withTaskGroup(of: Result<[ApplySetMember], ObjectFailure>.self) { group in
            for request in requests {
                group.addTask { await members(of: request.served, in: request.namespace) }
            }
            for await result in group {
                switch result {
                case .success(let found): all += found
                case .failure(let failure): failures.append(failure)
                }
            }
        }
        if let failure = failures.min(by: { "\($0.object)" < "\($1.object)" }) { throw failure }
        return all
    }

    private func members(
        of served: Served,
        in namespace: String?
    ) async -> Result<[ApplySetMember], ObjectFailure> {
        let path = served.resource.collectionPath(of: served.type, namespace: namespace)
        do throws(APIError) {
            let items = try await retryPolicy.retry("\(served.type.kind)") { () async throws(APIError) in
                try await client.metadata(
                    of: path,
                    labelled: "\(ApplySet.memberLabel)=\(set.id)",
                    until: retryPolicy.deadline
                )
            }
            return .success(
                items.compactMap { item in
                    guard let name = item["metadata"]?["name"]?.string else { return nil }
                    let namespace = item["metadata"]?["namespace"]?.string
                    let identity = ObjectIdentity(type: served.type, namespace: namespace, name: name)
                    return ApplySetMember(identity: identity, object: item)
                }
            )
        } catch {
            return .failure(await listFailure(error, of: served.type, in: namespace))
        }
    }

    private func listFailure(
        _ error: APIError,
        of type: GroupVersionKind,
        in namespace: String?
    ) async -> ObjectFailure {
        let identity = ObjectIdentity(type: type, namespace: namespace, name: "*")
        return await explanation(of: placeholder(identity), .pruning).failure(for: error)
    }
}
