import Base
import HTTP
import YAML

/// Deletes objects on the server, and waits until they are gone.
struct ObjectDeletion: Sendable {
    let client: APIClient
    /// The task that deletes.
    let task: String
    /// Whether the server only checks the requests.
    let isDryRun: Bool
    /// The time limits for finalizers and for a server that does not answer.
    let retryPolicy: RetryPolicy

    /// The fields of an object's metadata that must not change between the decision and the deletion.
    var preconditions = ["uid"]

    /// Decides whether an existing object is deleted, before each request for it; an object for which the result is `false`
    /// counts as absent.
    var isMeant: @Sendable (ObjectIdentity, Node) -> Bool = { _, _ in true }

    /// Deletes objects; a missing object is not an error.
    ///
    /// - Parameters:
    ///   - subjects: The objects.
    ///   - say: Receives the result for each object as soon as it is known, on any thread.
    func delete(_ subjects: [Deleter.Subject], say: @escaping @Sendable (Deleter.Message) -> Void) async {
        await withDiscardingTaskGroup { group in
            for subject in subjects {
                group.addTask { say(await delete(subject)) }
            }
        }
    }

    private func delete(_ subject: Deleter.Subject) async -> Deleter.Message {
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
                purpose: .deletion,
            )
            return .failed(explanation.failure(for: error))
        }
    }

    private func delete(_ identity: ObjectIdentity) async throws(APIError) -> Bool {
        var uid: String?
        try await retryPolicy.retry(.init(.object, identity.description)) { () async throws(APIError) in
            guard let live = try await findKnown(identity) else { return }
            let found = live["metadata"]?["uid"]?.string ?? ""
            // An object that was recreated in the meantime is a different object.
            guard uid ?? found == found else { return }
            let isEnding = live["metadata"]?["deletionTimestamp"]?.string != nil
            // A request without an answer may have done nothing, and the object may have changed since.
            guard isEnding && uid != nil || isMeant(identity, live) else {
                uid = nil
                return
            }
            uid = found
            guard !isEnding else {
                if isDryRun { return }
                throw .beingDeleted(live.remainingFinalizers)
            }
            if try await requestDeletion(of: identity, live) { return }
            if !isDryRun { throw .beingDeleted([]) }
        }
        return uid != nil
    }

    /// Reads an object, or returns `nil` if the object or its kind does not exist on the server.
    private func findKnown(_ identity: ObjectIdentity) async throws(APIError) -> Node? {
        do throws(APIError) {
            return try await client.find(identity, until: retryPolicy.deadline)
        } catch .refused(let refusal) where refusal.status.isUnknownResource {
            if try await client.hasKind(identity.type, until: retryPolicy.deadline) {
                throw client.contradiction(about: identity.type)
            }
            guard let mistake = try await client.mistake(in: identity.type, until: retryPolicy.deadline) else {
                return nil
            }
            throw .pending(mistake, .permanent)
        }
    }

    /// Requests the deletion of an object, and returns whether it is gone already.
    private func requestDeletion(of identity: ObjectIdentity, _ live: Node) async throws(APIError) -> Bool {
        let resource = try await client.catalog.resource(of: identity.type, on: client, until: retryPolicy.deadline)
        var identity = identity
        identity.namespace = resource.isNamespaced ? identity.namespace ?? client.kubeconfig.namespace : nil
        let path = resource.path(of: identity)
        do throws(APIError) {
            let reply = try await client.object(
                "DELETE",
                path,
                body: deleteOptions(for: live).json(),
                contentType: "application/json",
                until: retryPolicy.deadline
            )
            // Otherwise the reply has status 202, or contains the object, because a finalizer or grace period keeps it.
            return !isDryRun && reply.response.status == 200 && reply.node["kind"]?.string == "Status"
        } catch .refused(let refusal) where refusal.code == 404 && !refusal.status.isUnknownResource {
            // The reply names the missing object. Any other reply with status 404 says nothing about the object.
            return true
        }
    }

    /// Returns the body of a request; without a body, the server would read the options from the query.
    private func deleteOptions(for live: Node) -> Node {
        let metadata = live["metadata"]
        let preconditions = preconditions.compactMap { field in metadata?[field].map { (field, $0) } }
        let dryRun = isDryRun ? [("dryRun", Node.sequence([.string("All")]))] : []
        return .mapping(
            [
                ("apiVersion", .string("v1")), ("kind", .string("DeleteOptions")),
                ("propagationPolicy", .string("Background")), ("preconditions", .mapping(preconditions)),
            ] + dryRun
        )
    }
}
