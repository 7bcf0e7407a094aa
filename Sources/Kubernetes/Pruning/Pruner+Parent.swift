import Base
import YAML

/// The parent of an ApplySet on the server.
///
/// Several nodes may run the task at the same time, for a while even with different manifests. A node that is about to
/// shorten the parent's list first marks the parent, and then searches for members once more. A node that has applied
/// objects reads the parent again. If the parent is marked, the applying node writes the parent, so that the marking
/// node cannot shorten the list. If the list has already been shortened, the applying node adds the missing entries.
extension Pruner {
    /// The state of the parent.
    public struct Parent: Sendable {
        var scope = ApplySetScope()
        var resourceVersion: String?
        /// Whether a node is about to shorten the list, or was interrupted before it could.
        var isMarked = false

        /// Returns whether the parent lists the kind and the namespace of an object.
        public func lists(_ object: ObjectIdentity) -> Bool {
            var wanted = scope
            wanted.insert(object)
            return wanted == scope
        }

        init() {}

        init(_ live: Node) {
            scope = ApplySetScope(parent: live)
            resourceVersion = live["metadata"]?["resourceVersion"]?.string
            isMarked = live["metadata"]?["annotations"]?[markAnnotation] != nil
        }
    }

    static let markAnnotation = "nest-bootstrap/narrowing"

    /// Adds all kinds and namespaces of the manifests to the list of the parent.
    ///
    /// A kind that is neither on the server nor defined by a manifest is left out, because it may be misspelt; see
    /// ``addToParent(_:)``.
    ///
    /// - Returns: The state of the parent, for the next steps.
    /// - Throws: ``ObjectFailure`` if the parent cannot be read or written, or belongs to another tool.
    @discardableResult
    public func widen() async throws(ObjectFailure) -> Parent {
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
        return try await extend(to: wanted)
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
        if case .failure(let failure) = result {
            throw .pending(failure.faults.first?.message ?? "the ApplySet cannot be changed", .permanent)
        }
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

    /// Shortens the list of the parent to the remaining kinds and namespaces, unless another node has changed it.
    ///
    /// - Parameters:
    ///   - parent: The parent as ``widen()`` left it.
    ///   - obsolete: The members that the manifests did not contain, after their deletion.
    /// - Throws: ``ObjectFailure`` if the parent cannot be read or written.
    public func narrow(_ parent: Parent, after obsolete: Obsolete) async throws(ObjectFailure) {
        guard !isDryRun, parent.scope != obsolete.scope else { return }
        guard let marked = try await mark(parent) else {
            try await extend(to: obsolete.scope)
            return
        }
        var left = try await remainingScope(after: obsolete, in: parent.scope.namespaces)
        left.definedKinds = parent.scope.definedKinds.intersection(left.kinds)
        guard try await replace(marked, with: left) == nil else { return }
        try await extend(to: left)
    }

    /// Marks the parent to show other nodes that the list is about to be shortened.
    ///
    /// - Returns: The marked parent, or `nil` if another node has changed it.
    func mark(_ parent: Parent) async throws(ObjectFailure) -> Parent? {
        try await replace(parent, with: parent.scope, isMarked: true)
    }

    private func replace(
        _ parent: Parent,
        with scope: ApplySetScope,
        isMarked: Bool = false
    ) async throws(ObjectFailure) -> Parent? {
        try await explained { () async throws(APIError) -> Parent? in
            try await retryPolicy.retry(parentSubject) { () async throws(APIError) -> Parent? in
                try await write(scope, isMarked: isMarked, over: parent.resourceVersion)
            }
        }
    }

    /// Adds the missing kinds and namespaces of a scope to the list of the parent.
    @discardableResult
    private func extend(to wanted: ApplySetScope) async throws(ObjectFailure) -> Parent {
        let result = try await explained { () async throws(APIError) -> Result<Parent, ObjectFailure> in
            try await retryPolicy.retry(parentSubject) {
                () async throws(APIError) -> Result<Parent, ObjectFailure> in
                try await extendOnce(to: wanted)
            }
        }
        return try result.get()
    }

    private func extendOnce(to wanted: ApplySetScope) async throws(APIError) -> Result<Parent, ObjectFailure> {
        let live = try await client.find(set.parent, until: retryPolicy.deadline)
        if let live, let refusal = set.refusal(of: live) {
            return .failure(ObjectFailure(parentManifest, .conflict, refusal.message, hint: refusal.hint))
        }
        var parent = live.map(Parent.init) ?? Parent()
        let stored = parent.scope
        parent.scope.formUnion(wanted)
        parent.scope.definedKinds.formIntersection(parent.scope.kinds)
        guard parent.scope.listCount <= ApplySetScope.listLimit else {
            let message =
                "\(parent.scope.kinds.count) kinds in \(parent.scope.namespaces.count) namespaces are too many: "
                + "to find the objects takes more than \(ApplySetScope.listLimit) requests"
            return .failure(ObjectFailure(parentManifest, .conflict, message, hint: "split task '\(set.task)'"))
        }
        guard !isDryRun, live == nil || parent.scope != stored || parent.isMarked else { return .success(parent) }
        guard let written = try await write(parent.scope, over: parent.resourceVersion) else {
            throw .pending("another node has changed it", .retry)
        }
        return .success(written)
    }

    /// Sends requests about the parent, and explains their errors.
    private func explained<Value>(
        _ requests: () async throws(APIError) -> Value
    ) async throws(ObjectFailure) -> Value {
        do throws(APIError) {
            return try await requests()
        } catch {
            throw await explanation(of: parentManifest, .parent).failure(for: error)
        }
    }

    private var parentManifest: ManifestObject { placeholder(set.parent) }

    /// The parent as the subject of a wait.
    ///
    /// The subject is not of kind `object`, because the wait for an object ends with a result, and the parent has none.
    var parentSubject: Wait.Subject { .init(.condition, "\(set.parent)") }

    /// Writes the parent once.
    ///
    /// - Parameters:
    ///   - scope: The kinds and namespaces to list.
    ///   - isMarked: Whether other nodes see that the list is about to be shortened.
    ///   - resourceVersion: The version that the parent must still have, or `nil` if it does not exist.
    /// - Returns: The written parent, or `nil` if its version has changed.
    /// - Throws: ``APIError`` if the write fails for another reason.
    private func write(
        _ scope: ApplySetScope,
        isMarked: Bool = false,
        over resourceVersion: String?
    ) async throws(APIError) -> Parent? {
        let parent = set.parent
        let resource = try await client.catalog.resource(of: parent.type, on: client, until: retryPolicy.deadline)
        let path = ObjectPath(resource, of: parent)
        do throws(APIError) {
            let reply = try await client.object(
                "PATCH",
                path.text,
                query: [("fieldManager", ManagedMetadata.manager), ("force", "true")],
                body: parentObject(scope, isMarked: isMarked, resourceVersion).json(),
                as: path.expected,
                until: retryPolicy.deadline,
            )
            return Parent(reply.node)
        } catch .refused(let refusal) where refusal.code == 409 && resourceVersion != nil {
            return nil
        }
    }

    private func parentObject(_ scope: ApplySetScope, isMarked: Bool, _ resourceVersion: String?) -> Node {
        let parent = set.parent
        let version = resourceVersion.map { [("resourceVersion", Node.string($0))] } ?? []
        let labels = [
            (ApplySet.idLabel, Node.string(set.id)), (ManagedMetadata.managedByLabel, .string(ManagedMetadata.manager)),
        ]
        let mark = isMarked ? [(Self.markAnnotation, Node.string("true"))] : []
        let annotations = [
            (ApplySet.toolingAnnotation, Node.string(ApplySet.tooling)),
            (ManagedMetadata.taskAnnotation, .string(set.task)),
        ]
        let metadata: [(String, Node)] = [
            ("name", .string(parent.name)), ("namespace", .string(ApplySet.namespace)), ("labels", .mapping(labels)),
            ("annotations", .mapping(annotations + scope.annotations + mark)),
        ]
        return .mapping([
            ("apiVersion", .string(parent.type.apiVersion)), ("kind", .string(parent.type.kind)),
            ("metadata", .mapping(metadata + version)),
        ])
    }
}
