public import Base
import HTTP
import YAML

/// Deletes objects with their dependants, and waits until they are gone.
public struct Deleter: Sendable {
    /// A report about one object.
    public enum Message: Sendable {
        /// The object is gone now; whether it existed.
        case deleted(ObjectIdentity, existed: Bool)
        /// The object still exists, or is misspelt.
        case failed(ObjectFailure)
        /// Something about an object that does not exist looks like a mistake.
        case warning(ObjectIdentity, String)
    }

    /// An object with the place where the task file names it.
    public typealias Subject = (identity: ObjectIdentity, location: SourceLocation)

    private let client: APIClient
    private let task: String
    private let isDryRun: Bool
    private let retryPolicy: RetryPolicy
    private let condition: (@Sendable (ObjectIdentity, Node) -> Bool)?

    /// Creates a deleter.
    ///
    /// - Parameters:
    ///   - client: The API server.
    ///   - task: The task that deletes.
    ///   - isDryRun: Whether the server only checks the requests.
    ///   - retryPolicy: How long to wait for finalizers and for a server that does not answer.
    public init(client: APIClient, task: String, isDryRun: Bool, retryPolicy: RetryPolicy) {
        self.init(client: client, task: task, isDryRun: isDryRun, retryPolicy: retryPolicy, condition: nil)
    }

    /// Creates a deleter of objects that meet a condition at the moment at which they are deleted; others count as absent.
    init(
        client: APIClient,
        task: String,
        isDryRun: Bool,
        retryPolicy: RetryPolicy,
        condition: (@Sendable (ObjectIdentity, Node) -> Bool)?,
    ) {
        (self.client, self.task, self.isDryRun, self.retryPolicy) = (client, task, isDryRun, retryPolicy)
        self.condition = condition
    }

    /// Deletes objects; one that does not exist is not an error.
    ///
    /// - Parameter subjects: The objects.
    /// - Returns: What became of each object, in their order, and warnings.
    public func delete(_ subjects: [Subject]) async -> [Message] {
        // Declared outside the group for the reason given in `Rollout.pause`.
        var messages: [Int: Message] = [:]
        await withTaskGroup(of: (Int, Message).self) { group in
            for (index, subject) in subjects.enumerated() {
                group.addTask { (index, await delete(subject)) }
            }
            for await (index, message) in group { messages[index] = message }
        }
        let sorted = subjects.indices.compactMap { messages[$0] }
        // Objects with a condition were found on the server, not written by a person.
        return condition == nil ? sorted + (await namespaceWarnings(about: sorted)) : sorted
    }

    private func delete(_ subject: Subject) async -> Message {
        let identity = subject.identity
        do throws(APIError) {
            return .deleted(identity, existed: try await delete(identity))
        } catch {
            let place = Node(.mapping(Mapping([])), location: subject.location)
            let explanation = Explanation(
                client: client,
                manifest: ManifestObject(identity: identity, root: place, documentIndex: 1),
                live: nil,
                task: task,
                deadline: retryPolicy.deadline,
                purpose: .deletion,
            )
            return .failed(await explanation.failure(for: error))
        }
    }

    private func delete(_ identity: ObjectIdentity) async throws(APIError) -> Bool {
        var uid: String?
        try await retryPolicy.retry(identity.description) { () async throws(APIError) in
            guard let live = try await findKnown(identity) else { return }
            let found = live["metadata"]?["uid"]?.string ?? ""
            // One that was created again in the meantime is another object.
            guard uid ?? found == found, condition?(identity, live) ?? true else { return }
            uid = found
            guard live["metadata"]?["deletionTimestamp"]?.string == nil else {
                if isDryRun { return }
                throw .beingDeleted(live.remainingFinalizers)
            }
            try await requestDeletion(of: identity, live)
            if !isDryRun { throw .beingDeleted([]) }
        }
        return uid != nil
    }

    /// Reads an object, `nil` when there is none, or its kind has been removed from the server.
    private func findKnown(_ identity: ObjectIdentity) async throws(APIError) -> Node? {
        do throws(APIError) {
            return try await client.find(identity, until: retryPolicy.deadline)
        } catch .refused(let refusal) where refusal.status.isUnknownResource {
            guard let mistake = try await client.mistake(in: identity.type, until: retryPolicy.deadline) else {
                return nil
            }
            throw .pending(mistake, .permanent)
        }
    }

    private func requestDeletion(of identity: ObjectIdentity, _ live: Node) async throws(APIError) {
        let resource = try await client.catalog.resource(of: identity.type, on: client, until: retryPolicy.deadline)
        var identity = identity
        identity.namespace = resource.isNamespaced ? identity.namespace ?? client.kubeconfig.namespace : nil
        let path = resource.path(of: identity)
        do throws(APIError) {
            _ = try await client.object(
                "DELETE",
                path,
                body: deleteOptions(for: live).json(),
                contentType: "application/json",
                until: retryPolicy.deadline
            )
        } catch .refused(let refusal) where refusal.code == 404 {
            return
        }
    }

    /// The body of a request, without which the server would obey the query.
    ///
    /// Of an object with a condition it deletes only the version for which the condition was met.
    private func deleteOptions(for live: Node) -> Node {
        let metadata = live["metadata"]
        let fields = condition == nil ? ["uid"] : ["uid", "resourceVersion"]
        let preconditions = fields.compactMap { field in metadata?[field].map { (field, $0) } }
        let dryRun = isDryRun ? [("dryRun", Node.sequence([.string("All")]))] : []
        return .mapping(
            [
                ("apiVersion", .string("v1")), ("kind", .string("DeleteOptions")),
                ("propagationPolicy", .string("Background")), ("preconditions", .mapping(preconditions)),
            ] + dryRun
        )
    }

    /// Warnings about namespaces that do not exist and have names similar to others.
    ///
    /// No errors: the objects of a namespace that was deleted are gone.
    private func namespaceWarnings(about messages: [Message]) async -> [Message] {
        var absent: [String: ObjectIdentity] = [:]
        for case .deleted(let identity, existed: false) in messages {
            if let namespace = identity.namespace, absent[namespace] == nil { absent[namespace] = identity }
        }
        guard !absent.isEmpty,
            let list = try? await client.object("GET", "/api/v1/namespaces", until: retryPolicy.deadline).node
        else { return [] }
        let names = (list["items"]?.sequence ?? []).compactMap { $0["metadata"]?["name"]?.string }
        return absent.sorted { $0.key < $1.key }.compactMap { namespace, identity in
            guard !names.contains(namespace), let near = nearestName(to: namespace, in: names) else { return nil }
            return .warning(identity, "namespace '\(namespace)' does not exist; did you mean '\(near)'?")
        }
    }
}
