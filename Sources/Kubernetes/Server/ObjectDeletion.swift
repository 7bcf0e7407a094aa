public import Base
import HTTP

/// The deletion of objects on the server, including the wait until they are gone.
public struct ObjectDeletion: Sendable {
    /// An object with its location in the task file.
    public typealias Subject = (identity: ObjectIdentity, location: SourceLocation)

    private let client: APIClient
    private let task: String
    private let isDryRun: Bool
    private let retryPolicy: RetryPolicy

    /// Decides whether an existing object may be deleted; an object that may not be deleted counts as missing.
    var isMeant: @Sendable (ObjectIdentity, Node) async throws(APIError) -> Bool = { _, _ in true }

    /// Creates a deletion; in a dry run the server only checks the requests.
    public init(client: APIClient, task: String, isDryRun: Bool, retryPolicy: RetryPolicy) {
        (self.client, self.task, self.isDryRun, self.retryPolicy) = (client, task, isDryRun, retryPolicy)
    }

    /// Deletes objects and waits until they are gone; a missing object counts as unchanged.
    ///
    /// `say` receives the result for each object as soon as it is known, on any thread.
    public func delete(_ subjects: [Subject], say: @escaping @Sendable (Applier.Message) -> Void) async {
        await withDiscardingTaskGroup { group in
            for subject in subjects { group.addTask { say(await delete(subject)) } }
        }
    }

    private func delete(_ subject: Subject) async -> Applier.Message {
        do throws(APIError) {
            let existed = try await delete(subject.identity)
            return .applied(subject.identity, ObjectResult(existed ? .deleted : .unchanged))
        } catch {
            let manifest = ManifestObject(subject.identity, at: subject.location)
            let explanation = Explanation(client: client, manifest: manifest, live: nil, task: task, purpose: .deletion)
            return .failed(explanation.failure(for: error))
        }
    }

    private func delete(_ identity: ObjectIdentity) async throws(APIError) -> Bool {
        var uid: String?
        try await retryPolicy.retry(.init(.object, identity.description)) { () async throws(APIError) in
            guard let path = try await path(of: identity),
                let live = try await client.find(path.text, as: path.identity, until: retryPolicy.deadline)
            else { return }
            let found = live["metadata"]?["uid"]?.string ?? ""
            // An object with another UID was created after the first one was deleted.
            guard uid ?? found == found else { return }
            let isEnding = ManagedMetadata.isBeingDeleted(live)
            // Until a request has begun the deletion, the object may change, so each attempt calls `isMeant`.
            let isBegun = isEnding && uid != nil
            guard try await isBegun ? true : isMeant(identity, live) else {
                uid = nil
                return
            }
            uid = found
            guard !isEnding else {
                if isDryRun { return }
                throw .beingDeleted(live.remainingFinalizers)
            }
            let isGone = try await client.delete(
                path,
                live,
                policy: "Background",
                isDryRun: isDryRun,
                until: retryPolicy.deadline
            )
            if !isGone, !isDryRun { throw .beingDeleted([]) }
        }
        return uid != nil
    }

    /// Returns the path of an object, or `nil` if the server does not have its kind.
    ///
    /// - Throws: ``APIError`` also if a similar kind or another version exists, because the identity is probably wrong.
    private func path(of identity: ObjectIdentity) async throws(APIError) -> ObjectPath? {
        do throws(APIError) {
            return try await client.path(of: identity, until: retryPolicy.deadline)
        } catch .refused(let refusal) where refusal.status.isUnknownResource {
            let near = client.catalog.nearKind(to: identity.type).map { "did you mean 'kind: \($0)'?" }
            let (kind, deadline) = (DefinedKind(identity.type), retryPolicy.deadline)
            let version = try await client.catalog.type(of: kind, on: client, until: deadline).map {
                "write 'apiVersion: \($0.apiVersion)'"
            }
            guard let hint = near ?? version ?? ObjectCheck.versionHint(identity.type) else { return nil }
            throw .pending("\(refusal.message); \(hint)", .permanent)
        }
    }
}

extension APIClient {
    /// Requests the deletion of an object, unless it has changed since it was read.
    ///
    /// `policy` is the propagation policy for the object's dependents, `Background` or `Foreground`.
    ///
    /// - Returns: Whether the object is already gone.
    func delete(
        _ path: ObjectPath,
        _ live: Node,
        policy: String,
        isDryRun: Bool,
        until deadline: ContinuousClock.Instant,
    ) async throws(APIError) -> Bool {
        let preconditions = ["uid", "resourceVersion"].compactMap { key in live["metadata"]?[key].map { (key, $0) } }
        let options: [(String, Node)] = [
            ("apiVersion", .string("v1")), ("kind", .string("DeleteOptions")),
            ("propagationPolicy", .string(policy)), ("preconditions", .mapping(preconditions)),
        ]
        // If a request has a body, the server reads no deletion options from the query.
        let body = Node.mapping(options + (isDryRun ? [("dryRun", .sequence([.string("All")]))] : []))
        do throws(APIError) {
            let reply = try await object(
                "DELETE",
                path.text,
                body: body.json(),
                contentType: "application/json",
                until: deadline
            )
            // If a finalizer or grace period keeps the object, the response has status 202 or contains the object.
            return !isDryRun && reply.response.status == 200 && reply.node["kind"]?.string == "Status"
        } catch .refused(let refusal) where refusal.code == 404 && !refusal.status.isUnknownResource {
            // Only a 404 that names the object shows that the object is gone.
            return true
        } catch .refused(let refusal) where refusal.code == 409 {
            throw .pending("another client has changed it since it was read", .retry)
        }
    }
}
