public import Base
import YAML

/// Finds and deletes the members of an ApplySet that manifests no longer hold.
///
/// The parent lists more than enough before objects are applied, and only what is left after objects are deleted, so that
/// an interruption at any moment loses no member.
public struct Pruner: Sendable {
    /// The members that the manifests do not hold.
    public struct Obsolete: Sendable {
        /// Those to delete, in groups; what others need comes last.
        public var deletions: [[ObjectIdentity]] = []
        /// Those that stay, with the reasons.
        public var kept: [(identity: ObjectIdentity, reason: String)] = []
        /// What the parent has to list when the others are deleted.
        var scope = ApplySetScope()
    }

    let client: APIClient
    let set: ApplySet
    let manifests: [ManifestObject]
    let includesProtected: Bool
    let isDryRun: Bool
    let retryPolicy: RetryPolicy
    let location: SourceLocation

    /// Creates a pruner.
    ///
    /// - Parameters:
    ///   - client: The API server.
    ///   - set: The set of the task.
    ///   - manifests: The objects that stay.
    ///   - includesProtected: Whether Namespaces, CustomResourceDefinitions and PersistentVolumeClaims are deleted too.
    ///   - isDryRun: Whether nothing is changed.
    ///   - retryPolicy: How requests are retried.
    ///   - location: The task, for messages.
    public init(
        client: APIClient,
        set: ApplySet,
        manifests: [ManifestObject],
        includesProtected: Bool,
        isDryRun: Bool,
        retryPolicy: RetryPolicy,
        location: SourceLocation,
    ) {
        (self.client, self.set, self.manifests) = (client, set, manifests)
        (self.includesProtected, self.isDryRun) = (includesProtected, isDryRun)
        (self.retryPolicy, self.location) = (retryPolicy, location)
    }

    /// Makes the parent list all kinds and namespaces of the manifests, in addition to those it lists already.
    ///
    /// - Returns: The state of the parent, for the next steps.
    /// - Throws: ``ObjectFailure`` if the parent cannot be read or written, or belongs to another tool.
    public func widen() async throws(ObjectFailure) -> Parent {
        var wanted = ApplySetScope()
        for manifest in manifests {
            wanted.kinds.insert(DefinedKind(manifest.identity.type))
            if let namespace = await namespace(of: manifest.identity) { wanted.insert(namespace) }
        }
        let live = try await explained { () async throws(APIError) in
            try await retryPolicy.retry("\(set.parent)") { () async throws(APIError) in
                try await client.find(set.parent, until: retryPolicy.deadline)
            }
        }
        if let live, let refusal = set.refusal(of: live) {
            throw ObjectFailure(parentManifest, .conflict, refusal.message, hint: refusal.hint)
        }
        var parent = live.map(Parent.init) ?? Parent()
        let stored = parent.scope
        parent.scope.formUnion(wanted)
        guard !isDryRun, live == nil || parent.scope != stored else { return parent }
        let scope = parent.scope
        return try await explained { () async throws(APIError) in try await write(scope) }
    }

    /// Makes the parent list only what is left, unless somebody else has changed it in the meantime.
    ///
    /// - Parameters:
    ///   - parent: The parent as ``widen()`` left it.
    ///   - obsolete: What the manifests did not hold, which has been deleted.
    /// - Throws: ``ObjectFailure`` if the parent cannot be written.
    public func narrow(_ parent: Parent, after obsolete: Obsolete) async throws(ObjectFailure) {
        guard !isDryRun, parent.scope != obsolete.scope else { return }
        try await explained { () async throws(APIError) in
            do throws(APIError) {
                _ = try await write(obsolete.scope, over: parent.resourceVersion)
            } catch .refused(let refusal) where refusal.code == 409 {
                // Another node is at work, or was; the list is longer than it must be until the next run.
            }
        }
    }

    /// Makes requests about the parent, and explains why they fail.
    private func explained<Value>(
        _ requests: () async throws(APIError) -> Value
    ) async throws(ObjectFailure) -> Value {
        do throws(APIError) {
            return try await requests()
        } catch {
            throw await explanation(of: parentManifest, .application).failure(for: error)
        }
    }

    /// Writes the parent.
    private func write(
        _ scope: ApplySetScope,
        over resourceVersion: String? = nil
    ) async throws(APIError) -> Parent {
        let parent = set.parent
        let version = resourceVersion.map { [("resourceVersion", Node.string($0))] } ?? []
        let labels = [
            (ApplySet.idLabel, Node.string(set.id)), (ManagedMetadata.managedByLabel, .string(ManagedMetadata.manager)),
        ]
        let annotations = [
            (ApplySet.toolingAnnotation, Node.string(ApplySet.tooling)),
            (ManagedMetadata.taskAnnotation, .string(set.task)),
        ]
        let metadata: [(String, Node)] = [
            ("name", .string(parent.name)), ("namespace", .string(ApplySet.namespace)), ("labels", .mapping(labels)),
            ("annotations", .mapping(annotations + scope.annotations)),
        ]
        let body = Node.mapping([
            ("apiVersion", .string(parent.type.apiVersion)), ("kind", .string(parent.type.kind)),
            ("metadata", .mapping(metadata + version)),
        ])
        return try await retryPolicy.retry("\(parent)") { () async throws(APIError) in
            let resource = try await client.catalog.resource(of: parent.type, on: client, until: retryPolicy.deadline)
            let path = ObjectPath(resource.path(of: parent), of: parent)
            do throws(APIError) {
                let reply = try await client.object(
                    "PATCH",
                    path.text,
                    query: [("fieldManager", ManagedMetadata.manager), ("force", "true")],
                    body: body.json(),
                    as: path.expected,
                    until: retryPolicy.deadline,
                )
                return Parent(reply.node)
            } catch .refused(var refusal) where refusal.code == 409 && resourceVersion != nil {
                refusal.disposition = .permanent
                throw .refused(refusal)
            }
        }
    }

    /// The namespace of an object on the server, `nil` if its kind has none.
    func namespace(of identity: ObjectIdentity) async -> String? {
        let resource = try? await client.catalog.resource(of: identity.type, on: client, until: retryPolicy.deadline)
        // A kind that the server gets with the same manifests is as its definition says.
        let isNamespaced = resource?.isNamespaced ?? ResourceNames(manifests).isNamespaced(identity.type)
        return isNamespaced ? identity.namespace ?? client.kubeconfig.namespace : nil
    }

    private var parentManifest: ManifestObject { placeholder(set.parent) }

    /// An object without a manifest, for messages.
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
            deadline: retryPolicy.deadline,
            purpose: purpose,
        )
    }

    /// The parent of a set on the server.
    public struct Parent: Sendable {
        var scope = ApplySetScope()
        var resourceVersion: String?

        init() {}

        init(_ live: Node) {
            scope = ApplySetScope(parent: live)
            resourceVersion = live["metadata"]?["resourceVersion"]?.string
        }
    }
}
