import Base
import YAML

/// The parent of an ApplySet on the server.
///
/// Several nodes may run the task at the same time, for a while even with different manifests. A node that is about to
/// shorten the parent's list first marks the parent, and then searches for members once more. A node that has applied
/// objects reads the parent again. If the parent is marked, the applying node writes the parent, so that the marking
/// node cannot shorten the list. If the list has already been shortened, the applying node adds the missing entries.
extension Pruner {
    /// The node's part in the parent.
    public struct Claim: Sendable {
        /// The name of the node.
        public var node: String
        /// The name of the cluster in the node's file, if it has one.
        public var cluster: String?
        /// The version of the task, if it has one.
        public var version: AppliedVersion?
        /// The digest of the manifests, `nil` if the task does not prune.
        ///
        /// Without `prune`, the parent only records the version of the task.
        public var digest: String?

        /// Creates the part of a node.
        public init(node: String, cluster: String?, version: AppliedVersion?, digest: String?) {
            (self.node, self.cluster, self.version, self.digest) = (node, cluster, version, digest)
        }
    }

    /// The result of reading, and if necessary writing, the parent.
    public struct Widened: Sendable {
        public var parent: SetParent
        /// Human-readable warnings about the files of nodes.
        public var warnings: [String] = []
        /// A human-readable warning for the case that the node's manifests change anything: they are older than those of
        /// another node.
        public var undoing: String?
    }

    /// Adds all kinds and namespaces of the manifests to the list of the parent, and the claim of the node.
    ///
    /// A kind that is neither on the server nor defined by a manifest is left out, because it may be misspelt; see
    /// ``addToParent(_:)``.
    ///
    /// - Parameter notesApplication: Whether the application of the manifests has changed objects, and is recorded.
    /// - Returns: The state of the parent, for the next steps.
    /// - Throws: ``ObjectFailure`` if the parent cannot be read or written, belongs to another tool or cluster, or
    ///   records a newer version of the task.
    @discardableResult
    public func widen(notingApplication notesApplication: Bool = false) async throws(ObjectFailure) -> Widened {
        var wanted = ApplySetScope()
        wanted.definedKinds = Set(manifests.compactMap { DefinedKind($0) })
        var mayHaveObjects: [GroupVersionKind: Bool] = [:]
        for manifest in manifests {
            var identity = manifest.identity
            if mayHaveObjects[identity.type] == nil {
                let isDefined = wanted.definedKinds.contains(DefinedKind(identity.type))
                let isKnown = isDefined ? true : await isServed(identity.type)
                mayHaveObjects[identity.type] = isKnown
            }
            guard mayHaveObjects[identity.type] == true else { continue }
            identity.namespace = await namespace(of: identity)
            wanted.insert(identity)
        }
        return try await extend(
            to: wanted,
            claiming: Set(await manifestIdentities().map(MemberKey.init)),
            notesApplication: notesApplication
        )
    }

    /// Returns the objects of the manifests, with their namespaces.
    func manifestIdentities() async -> [ObjectIdentity] {
        var identities = manifests.map(\.identity)
        for index in identities.indices { identities[index].namespace = await namespace(of: identities[index]) }
        return identities
    }

    /// Adds the kind and the namespace of an object to the list of the parent, before the object is created.
    ///
    /// - Throws: ``APIError`` if the parent cannot be written.
    public func addToParent(_ identity: ObjectIdentity) async throws(APIError) {
        var wanted = ApplySetScope()
        wanted.insert(identity)
        let result = try await retryPolicy.retry(parentSubject) { [wanted] () async throws(APIError) in
            try await extendOnce(to: wanted)
        }
        guard case .failure(let failure) = result else { return }
        let texts = [failure.faults.first?.message, failure.faults.first?.hint].compactMap(\.self)
        throw .pending(texts.isEmpty ? "the ApplySet cannot be changed" : texts.joined(separator: "; "), .permanent)
    }

    /// Returns whether the server has a kind; `true` if the server's kinds cannot be read.
    private func isServed(_ type: GroupVersionKind) async -> Bool {
        do throws(APIError) {
            _ = try await client.catalog.resource(of: type, on: client, until: retryPolicy.deadline)
            return true
        } catch .refused(let refusal) where refusal.status.isUnknownResource {
            return false
        } catch {
            return true
        }
    }

    /// Shortens the lists of the parent to what is left, unless another node has changed it.
    ///
    /// - Parameters:
    ///   - parent: The parent as ``widen()`` left it.
    ///   - obsolete: The members that the manifests did not contain, after their deletion.
    /// - Throws: ``ObjectFailure`` if the parent cannot be read or written.
    public func narrow(_ parent: SetParent, after obsolete: Obsolete) async throws(ObjectFailure) {
        guard !isDryRun, parent.scope != obsolete.scope || parent.former != obsolete.former else { return }
        guard let marked = try await mark(parent) else {
            try await extend(to: obsolete.scope)
            return
        }
        var left = try await remainingScope(after: obsolete, in: parent.scope.namespaces)
        left.definedKinds = parent.scope.definedKinds.intersection(left.kinds)
        let isReplaced = try await replace(marked) { ($0.scope, $0.former) = (left, obsolete.former) } != nil
        if !isReplaced { try await extend(to: left) }
    }

    /// Marks the parent to show other nodes that the list is about to be shortened.
    ///
    /// - Returns: The marked parent, or `nil` if another node has changed it.
    func mark(_ parent: SetParent) async throws(ObjectFailure) -> SetParent? {
        try await replace(parent) { $0.isMarked = true }
    }

    private func replace(
        _ parent: SetParent,
        _ change: (inout SetParent) -> Void
    ) async throws(ObjectFailure) -> SetParent? {
        var changed = parent
        changed.isMarked = false
        change(&changed)
        return try await explained { [changed] () async throws(APIError) -> SetParent? in
            try await retryPolicy.retry(parentSubject) { () async throws(APIError) -> SetParent? in
                try await write(changed)
            }
        }
    }

    /// Adds the missing kinds and namespaces of a scope to the list of the parent.
    @discardableResult
    private func extend(
        to wanted: ApplySetScope,
        claiming members: Set<MemberKey>? = nil,
        notesApplication: Bool = false
    ) async throws(ObjectFailure) -> Widened {
        let result = try await explained { () async throws(APIError) -> Result<Widened, ObjectFailure> in
            try await retryPolicy.retry(parentSubject) {
                () async throws(APIError) -> Result<Widened, ObjectFailure> in
                try await extendOnce(to: wanted, claiming: members, notesApplication: notesApplication)
            }
        }
        return try result.get()
    }

    private func extendOnce(
        to wanted: ApplySetScope,
        claiming members: Set<MemberKey>? = nil,
        notesApplication: Bool = false
    ) async throws(APIError) -> Result<Widened, ObjectFailure> {
        let live = try await client.find(set.parent, until: retryPolicy.deadline)
        if let failure = live.flatMap(refusal) { return .failure(failure) }
        let stored = live.map { SetParent($0) }
        var result = Widened(parent: stored ?? SetParent())
        result.parent.isMarked = false
        result.parent.scope.formUnion(wanted)
        result.parent.scope.definedKinds.formIntersection(result.parent.scope.kinds)
        if let claim, let members {
            add(claim, of: members, over: live, notesApplication: notesApplication, to: &result)
        }
        if let excess = excess(of: result.parent) { return .failure(excess) }
        guard !isDryRun, result.parent != stored else { return .success(result) }
        guard let written = try await write(result.parent) else {
            throw .pending("another node has changed it", .retry)
        }
        result.parent = written
        return .success(result)
    }

    /// Returns why the parent on the server cannot be used, or `nil` if it can.
    private func refusal(of live: Node) -> ObjectFailure? {
        if let refusal = set.refusal(of: live) {
            return ObjectFailure(parentManifest, .conflict, refusal.message, hint: refusal.hint)
        }
        if let refusal = claim?.version?.refusal(of: live, at: .now()) {
            return ObjectFailure(parentManifest, .outdated(refusal.message), refusal.message, hint: refusal.hint)
        }
        guard let cluster = claim?.cluster, let other = SetParent(live).cluster, other != cluster else { return nil }
        let hint =
            "correct the server or 'cluster.name'; if the cluster was renamed: 'kubectl annotate \(set.address) "
            + "--overwrite \(SetParent.clusterAnnotation)=\(cluster)'"
        let message = "it belongs to cluster '\(other)', and the task file is of cluster '\(cluster)'"
        return ObjectFailure(parentManifest, .conflict, message, hint: hint)
    }

    /// Adds the part of the node to the parent, and the warnings about other nodes.
    private func add(
        _ claim: Claim,
        of members: Set<MemberKey>,
        over live: Node?,
        notesApplication: Bool,
        to result: inout Widened,
    ) {
        let recorded = result.parent.version[AppliedVersion.annotation]
        if claim.version == nil, let recorded {
            result.warnings.append(
                "applied at \(recorded) until now, and the task has no 'version' any more: nodes with older files are no "
                    + "longer refused"
            )
        }
        result.parent.cluster = claim.cluster ?? result.parent.cluster
        result.parent.version = claim.version?.parentAnnotations(over: live, at: .now()) ?? [:]
        guard let digest = claim.digest else { return }
        result.parent.claim(members, by: claim.node, at: claim.version?.version)
        let now = SetParent.Application(digest: digest, node: claim.node, time: .now())
        let undone = result.parent.undone(by: now)
        if notesApplication { result.parent.note(now) }
        // A newer version is expected to change what others have applied.
        let isUpgrade = claim.version.map { $0.version.description != recorded && !$0.allowsOlder } ?? false
        guard let (undone, earlier) = undone, !isUpgrade else { return }
        let age = Duration.seconds(max(0, now.time.seconds - undone.time.seconds)).humanReadable
        let ours = earlier.node == claim.node ? "it" : "node '\(earlier.node)'"
        let advice =
            claim.version == nil
            ? "with 'version' in the task the older ones are refused"
            : claim.version?.allowsOlder == true
                ? "remove 'allowOlder'" : "raise 'version' in the newer ones, and the older ones are refused"
        result.undoing =
            "node '\(undone.node)' applied other manifests \(age) ago, and node '\(claim.node)' applies those again that "
            + "\(ours) had applied before: one of the two has old files; \(advice)"
    }

    /// Returns why a parent is too large, or `nil` if it is not.
    private func excess(of parent: SetParent) -> ObjectFailure? {
        if parent.scope.listCount > ApplySetScope.listLimit {
            let message =
                "\(parent.scope.kinds.count) kinds in \(parent.scope.namespaces.count) namespaces are too many: "
                + "to find the objects takes more than \(ApplySetScope.listLimit) requests"
            return ObjectFailure(parentManifest, .conflict, message, hint: "split task '\(set.task)'")
        }
        let size = parent.data.reduce(0) { $0 + ($1.1.string?.utf8.count ?? 0) }
        guard size > SetParent.sizeLimit else { return nil }
        let message =
            "the lists of the objects of \(parent.claims.count) nodes have \(size) bytes, and \(SetParent.sizeLimit) is the limit"
        return ObjectFailure(parentManifest, .conflict, message, hint: "split task '\(set.task)'")
    }

    /// Sends requests about the parent, and explains their errors.
    func explained<Value>(
        _ requests: () async throws(APIError) -> Value
    ) async throws(ObjectFailure) -> Value {
        do throws(APIError) {
            return try await requests()
        } catch {
            throw explanation(of: parentManifest, .parent).failure(for: error)
        }
    }

    var parentManifest: ManifestObject { placeholder(set.parent) }

    /// The parent as the subject of a wait.
    ///
    /// The subject is not of kind `object`, because the wait for an object ends with a result, and the parent has none.
    var parentSubject: Wait.Subject { .init(.condition, "\(set.parent)") }

    /// Writes the parent once.
    ///
    /// - Parameter parent: The parent, with the version that it must still have on the server, or without one if it does
    ///   not exist.
    /// - Returns: The written parent, or `nil` if its version has changed.
    /// - Throws: ``APIError`` if the write fails for another reason.
    func write(_ parent: SetParent) async throws(APIError) -> SetParent? {
        let resource = try await client.catalog.resource(of: set.parent.type, on: client, until: retryPolicy.deadline)
        let path = ObjectPath(resource, of: set.parent)
        do throws(APIError) {
            let reply = try await client.object(
                "PATCH",
                path.text,
                query: [("fieldManager", ManagedMetadata.manager), ("force", "true")],
                body: parentObject(parent).json(),
                as: path.expected,
                until: retryPolicy.deadline,
            )
            return SetParent(reply.node)
        } catch .refused(let refusal) where refusal.isOfChangedObject {
            return nil
        }
    }

    private func parentObject(_ parent: SetParent) -> Node {
        let identity = set.parent
        let labels = [
            (ApplySet.idLabel, Node.string(set.id)), (ManagedMetadata.managedByLabel, .string(ManagedMetadata.manager)),
        ]
        let annotations = [
            (ApplySet.toolingAnnotation, Node.string(ApplySet.tooling)),
            (ManagedMetadata.taskAnnotation, .string(set.task)),
        ]
        let metadata: [(String, Node)] = [
            ("name", .string(identity.name)), ("namespace", .string(ApplySet.namespace)), ("labels", .mapping(labels)),
            ("annotations", .mapping(annotations + parent.annotations)),
            ("resourceVersion", .string(parent.resourceVersion ?? ObjectApplication.absentVersion)),
        ]
        let data = parent.data.isEmpty ? [] : [("data", Node.mapping(parent.data))]
        return .mapping(
            [
                ("apiVersion", .string(identity.type.apiVersion)), ("kind", .string(identity.type.kind)),
                ("metadata", .mapping(metadata)),
            ] + data
        )
    }
}
