public import Base
import YAML

/// Finds and deletes the members of an ApplySet that manifests no longer contain.
///
/// The parent lists more than enough before objects are applied, and only what is left after objects are deleted, so that
/// an interruption at any moment loses no member.
public struct Pruner: Sendable {
    /// Why an object is not deleted, and what a person can do.
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
        /// Those to delete, in groups; what others need comes last.
        public var deletions: [[ObjectIdentity]] = []
        /// Those that stay.
        public var kept: [(identity: ObjectIdentity, reason: Reason)] = []
        /// What is wrong with the parent, for a person.
        public var warning: String?
        /// What the parent has to list when the others are deleted.
        var scope = ApplySetScope()
        /// The kinds that the server has of those that the parent lists.
        var served: [ServedKind] = []
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

    /// The namespace of an object on the server, `nil` if its kind has none.
    func namespace(of identity: ObjectIdentity) async -> String? {
        let resource = try? await client.catalog.resource(of: identity.type, on: client, until: retryPolicy.deadline)
        // A kind that the server gets with the same manifests is as its definition says.
        let isNamespaced = resource?.isNamespaced ?? ResourceNames(manifests).isNamespaced(identity.type)
        return isNamespaced ? identity.namespace ?? client.kubeconfig.namespace : nil
    }

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
}
