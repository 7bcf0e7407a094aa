import Base
import YAML

/// The members of an ApplySet on the server.
extension Pruner {
    /// An object of the server, whatever version of its kind is read.
    private struct Key: Hashable {
        var kind: DefinedKind
        var namespace: String?
        var name: String
    }

    /// Finds the members that the manifests do not contain; all objects of these must have been applied.
    ///
    /// - Parameters:
    ///   - parent: The parent as ``widen()`` left it.
    ///   - reasonToKeep: Why an object is not deleted although it is a member, `nil` if it is deleted.
    /// - Returns: The members.
    /// - Throws: ``ObjectFailure`` if not all members can be listed.
    public func obsolete(
        in parent: Parent,
        reasonToKeep: @Sendable (ObjectIdentity) async -> Reason?,
    ) async throws(ObjectFailure) -> Obsolete {
        let served = try await serve(parent.scope.kinds)
        var result = Obsolete()
        var wanted: Set<Key> = []
        for identity in manifests.map(\.identity) {
            let kind = DefinedKind(identity.type)
            let isNamespaced = served[kind]?.resource.isNamespaced ?? (identity.namespace != nil)
            let namespace = isNamespaced ? identity.namespace ?? client.kubeconfig.namespace : nil
            wanted.insert(Key(kind: kind, namespace: namespace, name: identity.name))
            result.scope.insert(ObjectIdentity(type: identity.type, namespace: namespace, name: identity.name))
        }
        // Two kinds may be one by now.
        result.served = Array(Dictionary(served.values.map { ($0.type, $0) }) { first, _ in first }.values)
        let members = try await list(result.served, in: parent.scope.namespaces)
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
            case .keep(let text): result.kept.append((member.identity, Reason(text, advice: advice(member.identity))))
            case .delete:
                guard let reason = await reasonToKeep(member.identity) else {
                    deletions.append(member.identity)
                    continue
                }
                result.kept.append((member.identity, reason))
            }
            result.scope.insert(member.identity)
        }
        addAbsent(parent.scope, served, to: &result)
        result.kept.sort { "\($0.identity)" < "\($1.identity)" }
        let byRank = Dictionary(grouping: deletions) { ApplyOrder.rank(of: $0.type) }
        result.deletions = byRank.sorted { $0.key > $1.key }.map { $0.value.sorted { "\($0)" < "\($1)" } }
        return result
    }

    /// Deletes members, as long as they are what ``obsolete(in:reasonToKeep:)`` found.
    ///
    /// - Parameters:
    ///   - identities: The members of one group.
    ///   - say: Receives what became of each as soon as that is known, on any thread.
    public func delete(
        _ identities: [ObjectIdentity],
        say: @escaping @Sendable (Deleter.Message) -> Void,
    ) async {
        let deletion = ObjectDeletion(
            client: client,
            task: set.task,
            isDryRun: isDryRun,
            retryPolicy: retryPolicy,
            preconditions: ["uid", "resourceVersion"],
            isMeant: { identity, live in verdict(on: live, of: identity) == .delete },
        )
        await deletion.delete(identities.map { ($0, location) }, say: say)
    }

    /// What the parent has to list after members were deleted, by what the server has now.
    ///
    /// - Parameters:
    ///   - obsolete: What was found before.
    ///   - namespaces: The namespaces of members, in addition to that of the parent.
    /// - Returns: What had to be listed then, with the kinds and namespaces of other members.
    /// - Throws: ``ObjectFailure`` if not all members can be listed.
    func remainingScope(
        after obsolete: Obsolete,
        in namespaces: Set<String>
    ) async throws(ObjectFailure) -> ApplySetScope {
        // The definitions that the task has just deleted are gone with their objects.
        let found = try await list(obsolete.served, in: namespaces, passingOverAbsent: true)
        let members = found.filter { verdict(on: $0.object, of: $0.identity) != .ignore }
        let isListed = { (member: ApplySetMember) in obsolete.scope.kinds.contains(DefinedKind(member.identity.type)) }
        // An object in two groups is found by one of them.
        let listedUIDs = Set(members.filter(isListed).map(\.uid))
        var scope = obsolete.scope
        for member in members where isListed(member) || !listedUIDs.contains(member.uid) {
            scope.insert(member.identity)
        }
        return scope
    }

    private func verdict(on object: Node, of identity: ObjectIdentity) -> ApplySetMember.Verdict {
        ApplySetMember.verdict(on: object, of: identity.type, in: set, includesProtected: includesProtected)
    }

    /// What to do about an object that stays.
    private func advice(_ identity: ObjectIdentity) -> String {
        let kind = DefinedKind(identity.type).text.lowercased()
        let object = "\(kind) \(identity.name)" + (identity.namespace.map { " -n \($0)" } ?? "")
        return "delete it with 'kubectl delete \(object)', or take it out of the ApplySet with "
            + "'kubectl label \(object) \(ApplySet.memberLabel)-'"
    }

    /// Deals with the kinds that the server does not have.
    ///
    /// The objects of a kind are gone if the task has applied its definition, and that is gone. Otherwise they may come
    /// back, as with the APIService of an aggregated API.
    private func addAbsent(_ scope: ApplySetScope, _ served: [DefinedKind: ServedKind], to result: inout Obsolete) {
        let absent = scope.kinds.subtracting(served.keys).subtracting(manifests.map { DefinedKind($0.identity.type) })
        let lost = absent.subtracting(scope.definedKinds)
        if !lost.isEmpty {
            let rest = ApplySetScope.text(of: scope.kinds.subtracting(absent))
            let names = shortList(lost.map { "'\($0.text)'" }.sorted())
            result.warning =
                "the server does not have kind\(lost.count == 1 ? "" : "s") \(names), whose objects the task has applied; "
                + "if they are gone for good: 'kubectl annotate \(set.address) --overwrite "
                + "\(ApplySetScope.kindsAnnotation)=\(rest)'"
            result.scope.kinds.formUnion(lost)
            for namespace in scope.namespaces { result.scope.insert(namespace) }
        }
        result.scope.definedKinds = scope.definedKinds.intersection(result.scope.kinds)
    }
}
