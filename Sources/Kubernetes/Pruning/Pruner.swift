public import Base
import YAML

/// Finds and deletes the members of an ApplySet that manifests no longer contain.
///
/// The parent's list is extended before objects are applied, and shortened only after objects are deleted, so that an
/// interruption at any moment loses no member.
public struct Pruner: Sendable {
    /// The reason why an object is not deleted, and advice on how to delete it.
    public struct Reason: Sendable, Hashable {
        var text: String
        var advice: String?

        public init(_ text: String, advice: String? = nil) {
            (self.text, self.advice) = (text, advice)
        }

        /// The reason as a message about the object.
        public var message: String { "kept (\(text))" + (advice.map { "; \($0)" } ?? "") }
    }

    /// The members that the manifests do not contain.
    public struct Obsolete: Sendable {
        /// Objects to delete, in groups; objects that other objects need come last.
        public var deletions: [[ObjectIdentity]] = []
        /// Members that are kept, with the reasons.
        public var kept: [(identity: ObjectIdentity, reason: Reason)] = []
        /// A human-readable warning about kinds in the parent's list that the server does not have.
        public var warning: String?
        /// Whether no member is left once the deletions have succeeded.
        public var isEverything: Bool { kept.isEmpty && warning == nil }
        /// The kinds and namespaces that the parent must still list after the deletions.
        var scope = ApplySetScope()
        /// The members that no list of the parent has any more, and that are kept.
        var former: Set<MemberKey> = []
        /// The recorded members that the manifests do not contain.
        var remaining: Set<MemberKey> = []
        /// The kinds in the parent's list that the server has.
        var served: [ServedKind] = []
    }

    /// The parent's identity.
    public var parent: ObjectIdentity { self.set.parent }

    let client: APIClient
    let set: ApplySet
    let manifests: [ManifestObject]
    let includesProtected: Bool
    let isDryRun: Bool
    let retryPolicy: RetryPolicy
    let location: SourceLocation
    let claim: Claim?

    /// Whether only objects in the node's record are deleted, and none that only the parent lists.
    var deletesOnlyRecorded = false

    /// Creates a pruner.
    ///
    /// - Parameters:
    ///   - client: The API server.
    ///   - set: The set of the task.
    ///   - manifests: The manifests of the task, whose objects are not deleted.
    ///   - includesProtected: Whether Namespaces, CustomResourceDefinitions and PersistentVolumeClaims are deleted too.
    ///   - isDryRun: Whether the pruner only reports the changes that it would make.
    ///   - retryPolicy: How requests are retried.
    ///   - location: The location of the task, for messages.
    ///   - claim: The node's part in the parent, `nil` for a set that the node's file does not have.
    public init(
        client: APIClient,
        set: ApplySet,
        manifests: [ManifestObject],
        includesProtected: Bool,
        isDryRun: Bool,
        retryPolicy: RetryPolicy,
        location: SourceLocation,
        claim: Claim? = nil,
    ) {
        self.claim = claim
        (self.client, self.set, self.manifests) = (client, set, manifests)
        (self.includesProtected, self.isDryRun) = (includesProtected, isDryRun)
        (self.retryPolicy, self.location) = (retryPolicy, location)
    }

    /// Returns the namespace of an object on the server, or `nil` if its kind is cluster-scoped.
    func namespace(of identity: ObjectIdentity) async -> String? {
        let resource = try? await client.catalog.resource(of: identity.type, on: client, until: retryPolicy.deadline)
        // If the manifests define the kind, the scope in the definition applies.
        let isNamespaced = resource?.isNamespaced ?? ResourceNames(manifests).isNamespaced(identity.type)
        return isNamespaced ? identity.namespace ?? client.kubeconfig.namespace : nil
    }

    /// Creates an empty manifest for an object that has none, for messages.
    func placeholder(_ identity: ObjectIdentity) -> ManifestObject {
        ManifestObject(
            identity: identity,
            root: Node(.mapping(Mapping([])), location: location),
            documentIndex: 1
        )
    }

    func explanation(of manifest: ManifestObject, _ purpose: Explanation.Purpose) -> Explanation {
        Explanation(
            client: client,
            manifest: manifest,
            live: nil,
            task: set.task,
            purpose: purpose,
        )
    }
}

/// Kinds of the server, and lists of their objects.
extension Pruner {
    /// A kind that the server has.
    struct ServedKind: Sendable {
        var type: GroupVersionKind
        var resource: APIResource
    }

    /// The number of lists that are requested at the same time.
    private static let concurrentListLimit = 16

    /// Finds kinds on the server; a kind that has moved to another group is found in the new group.
    ///
    /// - Parameters:
    ///   - kinds: The kinds.
    ///   - awaitsAbsent: Whether a kind that the server does not have is waited for, because the server may just have
    ///     started.
    /// - Returns: The kinds that the server has.
    /// - Throws: ``ObjectFailure`` if the server does not report its kinds.
    func serve(
        _ kinds: Set<DefinedKind>,
        awaitingAbsent awaitsAbsent: Bool = true
    ) async throws(ObjectFailure) -> [DefinedKind: ServedKind] {
        let pairs = manifests.map { (DefinedKind($0.identity.type), $0.identity.type) }
        let written = Dictionary(pairs) { first, _ in first }
        var served: [DefinedKind: ServedKind] = [:]
        var asked: DefinedKind?
        do throws(APIError) {
            try await retryPolicy.retry(parentSubject) { () async throws(APIError) in
                var search = KindSearch(client, until: retryPolicy.deadline)
                let missing = kinds.filter { served[$0] == nil }.sorted { $0.text < $1.text }
                for kind in missing {
                    asked = kind
                    served[kind] = try await serve(kind, as: written[kind], &search)
                }
                let absent = missing.first { served[$0] == nil }
                // A server that has just started may not know all kinds yet.
                guard let absent, awaitsAbsent, !isDryRun else { return }
                throw .pending("the server has no kind '\(absent.text)'", .transient)
            }
        } catch .pending {
            return served
        } catch {
            let kind = asked ?? DefinedKind(set.parent.type)
            let type = written[kind] ?? GroupVersionKind(group: kind.group, version: "", kind: kind.kind)
            throw await listFailure(error, of: type, in: nil)
        }
        return served
    }

    private func serve(
        _ kind: DefinedKind,
        as type: GroupVersionKind?,
        _ search: inout KindSearch
    ) async throws(APIError) -> ServedKind? {
        var found = try await search.type(of: kind, preferring: type)
        // The search for a successor omits kinds of the manifests, because their objects have been applied as written.
        if found == nil, type == nil, let successor = KubernetesSchemas.own.successor(of: kind) {
            found = try await search.type(of: successor, preferring: nil)
        }
        guard let found else { return nil }
        let resource = try await client.catalog.resource(of: found, on: client, until: retryPolicy.deadline)
        return ServedKind(type: found, resource: resource)
    }

    /// Lists all objects with the label of members.
    ///
    /// - Parameters:
    ///   - kinds: The kinds of the objects.
    ///   - namespaces: The namespaces of the objects, in addition to the parent's.
    ///   - passesOverAbsent: Whether a kind that has been removed from the server counts as having no objects.
    /// - Returns: The objects; an object that the server has in two groups is listed twice.
    /// - Throws: ``ObjectFailure`` if not all objects can be read.
    func list(
        _ kinds: [ServedKind],
        in namespaces: Set<String>,
        passingOverAbsent passesOverAbsent: Bool = false
    ) async throws(ObjectFailure) -> [ApplySetMember] {
        var requests: [(kind: ServedKind, namespace: String?)] = []
        for kind in kinds {
            let places = kind.resource.isNamespaced ? namespaces.union([ApplySet.namespace]).map(Optional.some) : [nil]
            requests += places.map { (kind, $0) }
        }
        // Declared outside the group for the reason given in `Rollout.pause`.
        var all: [ApplySetMember] = []
        var failures: [ObjectFailure] = []
        await withTaskGroup(of: Result<[ApplySetMember], ObjectFailure>.self) { group in
            var remaining = requests.makeIterator()
            func start() {
                guard let request = remaining.next() else { return }
                group.addTask { await members(of: request.kind, in: request.namespace, passesOverAbsent) }
            }
            for _ in 0..<Self.concurrentListLimit { start() }
            for await result in group {
                switch result {
                case .success(let found): all += found
                case .failure(let failure): failures.append(failure)
                }
                if failures.isEmpty { start() }
            }
        }
        if let failure = failures.min(by: { "\($0.object)" < "\($1.object)" }) { throw failure }
        return all
    }

    private func members(
        of kind: ServedKind,
        in namespace: String?,
        _ passesOverAbsent: Bool
    ) async -> Result<[ApplySetMember], ObjectFailure> {
        let path = kind.resource.collectionPath(of: kind.type, namespace: namespace)
        do throws(APIError) {
            // All lists have one subject, so that an unreachable server is reported on one line.
            let items = try await retryPolicy.retry(.init(.condition, "the lists of its objects")) {
                () async throws(APIError) -> [Node] in
                do throws(APIError) {
                    return try await client.metadata(
                        of: path,
                        labelled: "\(ApplySet.memberLabel)=\(set.id)",
                        until: retryPolicy.deadline
                    )
                } catch .refused(let refusal) where refusal.code == 404 && passesOverAbsent {
                    return []
                }
            }
            return .success(
                items.compactMap { item in
                    guard let name = item["metadata"]?["name"]?.string else { return nil }
                    let namespace = item["metadata"]?["namespace"]?.string
                    let identity = ObjectIdentity(type: kind.type, namespace: namespace, name: name)
                    return ApplySetMember(identity: identity, object: item)
                }
            )
        } catch {
            return .failure(await listFailure(error, of: kind.type, in: namespace))
        }
    }

    private func listFailure(
        _ error: APIError,
        of type: GroupVersionKind,
        in namespace: String?
    ) async -> ObjectFailure {
        let identity = ObjectIdentity(type: type, namespace: namespace, name: "*")
        return explanation(of: placeholder(identity), .listing).failure(for: error)
    }
}

/// The members of an ApplySet on the server.
extension Pruner {
    /// Finds the members that the manifests do not contain.
    ///
    /// All objects of the manifests must have been applied before this call.
    ///
    /// - Parameters:
    ///   - parent: The parent as ``widen()`` left it.
    ///   - record: The objects that the node has applied as members. An object that only the parent lists is deleted
    ///     if no other manager has a part in its content; all others are kept.
    ///   - node: The node.
    ///   - reasonToKeep: Returns the reason to keep a member, or `nil` to delete it.
    /// - Returns: The members.
    /// - Throws: ``ObjectFailure`` if not all members can be listed.
    public func obsolete(
        in parent: SetParent,
        recordedIn record: SetRecord,
        of node: String,
        reasonToKeep: @Sendable (ObjectIdentity) async -> Reason?,
    ) async throws(ObjectFailure) -> Obsolete {
        let served = try await serve(parent, record)
        var result = Obsolete()
        let identities = await manifestIdentities()
        let wanted = Set(identities.map(MemberKey.init))
        for identity in identities { result.scope.insert(identity) }
        // The server may now serve two kinds of the list as one type.
        result.served = Array(Dictionary(served.values.map { ($0.type, $0) }) { first, _ in first }.values)
        let namespaces = parent.scope.namespaces.union(record.members.compactMap(\.namespace))
        let members = try await list(result.served, in: namespaces)
        let isWanted = { (member: ApplySetMember) in wanted.contains(MemberKey(member.identity)) }
        let recorded = renamed(record.members, served)
        // Without manifests, the set is removed, with the objects of all nodes that have had it.
        let listed = renamed(manifests.isEmpty ? parent.known.union(parent.released) : parent.known, served)
        let former = renamed(parent.former, served)
        let released = renamed(parent.released, served)
        // The same object may be served in two groups, as Ingress was, with only one of them in the manifests.
        let wantedUIDs = Set(members.filter(isWanted).map(\.uid))
        var deletions: [ObjectIdentity] = []
        for member in members where !wantedUIDs.contains(member.uid) {
            let key = MemberKey(member.identity)
            if deletesOnlyRecorded, !recorded.contains(key) {
                // It stays for the node with the newer version.
                if former.contains(key) { result.former.insert(key) }
                result.scope.insert(member.identity)
                continue
            }
            var verdict = verdict(on: member.object, of: member.identity)
            if verdict == .delete, !recorded.contains(key), !listed.contains(key) || !member.isOnlyOurs {
                verdict = .keep(released.contains(key) ? Self.released : Self.unrecorded)
            }
            let claimants = claimants(of: key, in: parent, served, otherThan: node)
            switch verdict {
            case .ignore: continue
            case _ where !claimants.isEmpty && !recorded.contains(key): break
            case .delete where !claimants.isEmpty:
                result.kept.append((member.identity, reason(ofClaimants: claimants)))
            case .keep(let text): result.kept.append((member.identity, Reason(text, advice: advice(member.identity))))
            case .delete:
                guard let reason = await reasonToKeep(member.identity) else {
                    deletions.append(member.identity)
                    continue
                }
                result.kept.append((member.identity, reason))
            }
            if recorded.contains(key) { result.remaining.insert(key) }
            if former.contains(key) { result.former.insert(key) }
            result.scope.insert(member.identity)
        }
        addAbsent(parent.scope, served, to: &result)
        result.kept.sort { "\($0.identity)" < "\($1.identity)" }
        result.deletions = Self.groups(deletions)
        return result
    }

    /// Finds the kinds of the parent and of the record on the server.
    private func serve(
        _ parent: SetParent,
        _ record: SetRecord
    ) async throws(ObjectFailure) -> [DefinedKind: ServedKind] {
        let served = try await serve(parent.scope.kinds)
        // A kind that only the record has was misspelt, or the parent was deleted.
        let others = Set(record.members.map(\.kind)).subtracting(parent.scope.kinds)
        return served.merging(try await serve(others, awaitingAbsent: false)) { known, _ in known }
    }

    /// Returns objects in groups; objects that other objects need come last.
    private static func groups(_ deletions: [ObjectIdentity]) -> [[ObjectIdentity]] {
        let byRank = Dictionary(grouping: deletions) { ApplyOrder.rank(of: $0.type) }
        return byRank.sorted { $0.key > $1.key }.map { $0.value.sorted { "\($0)" < "\($1)" } }
    }

    /// Returns the other nodes whose manifests have a member, or had it when the node last ran the task.
    private func claimants(
        of key: MemberKey,
        in parent: SetParent,
        _ served: [DefinedKind: ServedKind],
        otherThan node: String
    ) -> [String] {
        // A claim may list the kind under the group that it had before.
        let former = served.filter { DefinedKind($0.value.type) == key.kind }.map(\.key)
        let keys = Set([key.kind] + former).map { kind in
            var key = key
            key.kind = kind
            return key
        }
        return keys.flatMap { parent.claimants(of: $0, otherThan: node, at: claim?.version?.version) }.unique().sorted()
    }

    private func reason(ofClaimants nodes: [String]) -> Reason {
        let names = shortList(nodes.map { "'\($0)'" })
        let text =
            "the files of \(nodes.count == 1 ? "node" : "nodes") \(names) have it, or had it in the last run there"
        return Reason(
            text,
            advice: "run the task there; if '\(nodes[0])' no longer exists: \(set.commandReleasing(nodes[0]))"
        )
    }

    /// The reason to keep a member that the node has not recorded.
    private static let unrecorded = "no record says that the manifests of the set have had it"

    /// The reason to keep a member of a node that no longer has the set.
    private static let released = "a node whose file no longer has the set applied it; it is deleted with the set"

    /// Returns keys with the kinds as the server has them now; a kind may have moved to another group.
    private func renamed(_ keys: Set<MemberKey>, _ served: [DefinedKind: ServedKind]) -> Set<MemberKey> {
        Set(
            keys.map { key in
                var key = key
                if let type = served[key.kind]?.type { key.kind = DefinedKind(type) }
                return key
            }
        )
    }

    /// Deletes members that still qualify for deletion when they are read again.
    ///
    /// - Parameters:
    ///   - identities: The members of one group.
    ///   - say: Receives the result for each member as soon as it is known, on any thread.
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

    /// Returns the kinds and namespaces that the parent must list after members were deleted.
    ///
    /// The members are read from the server again.
    ///
    /// - Parameters:
    ///   - obsolete: The members that were found before the deletions.
    ///   - namespaces: The namespaces of members, in addition to the parent's.
    /// - Returns: The scope of `obsolete`, extended by the kinds and namespaces of the members found now.
    /// - Throws: ``ObjectFailure`` if not all members can be listed.
    func remainingScope(
        after obsolete: Obsolete,
        in namespaces: Set<String>
    ) async throws(ObjectFailure) -> ApplySetScope {
        // Kinds whose definitions the task has just deleted no longer exist, and neither do their objects.
        let found = try await list(obsolete.served, in: namespaces, passingOverAbsent: true)
        let members = found.filter { verdict(on: $0.object, of: $0.identity) != .ignore }
        let isListed = { (member: ApplySetMember) in obsolete.scope.kinds.contains(DefinedKind(member.identity.type)) }
        // An object that is served in two groups counts only for the group that is already listed.
        let listedUIDs = Set(members.filter(isListed).map(\.uid))
        var scope = obsolete.scope
        for member in members where isListed(member) || !listedUIDs.contains(member.uid) {
            scope.insert(member.identity)
        }
        return scope
    }

    private func verdict(on object: Node, of identity: ObjectIdentity) -> ApplySetMember.Verdict {
        // Another node may have applied a newer version since the manifests were applied.
        if let refusal = claim?.version?.refusal(of: object, at: .now()) { return .keep(refusal.message) }
        return ApplySetMember.verdict(on: object, of: identity.type, in: set, includesProtected: includesProtected)
    }

    /// Returns advice about an object that is kept.
    private func advice(_ identity: ObjectIdentity) -> String {
        let object = identity.kubectlArguments
        return "delete it with 'kubectl delete \(object)', or take it out of the ApplySet with "
            + "'kubectl label \(object) \(ApplySet.memberLabel)-'"
    }

    /// Adds a warning about listed kinds that the server does not have, and keeps these kinds in the list.
    ///
    /// If the task has applied the definition of such a kind, the definition was deleted together with its objects.
    /// Otherwise the objects may reappear, for example with the APIService of an aggregated API.
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
