import HTTP
import YAML

extension APIClient {
    /// What became of an object that was to be deleted.
    public struct Deletion: Sendable {
        /// The object.
        public var identity: ObjectIdentity

        /// Whether it existed, or why it still does.
        public var result: Result<Bool, APIError>
    }

    /// Deletes objects with their dependants, and waits until they are gone.
    ///
    /// - Parameters:
    ///   - identities: The objects; one that does not exist is not an error.
    ///   - isDryRun: Whether the server only checks the requests.
    ///   - retryPolicy: How long to wait for finalizers and for a server that does not answer.
    /// - Returns: What became of each object, in their order.
    public func delete(
        _ identities: [ObjectIdentity],
        isDryRun: Bool,
        _ retryPolicy: RetryPolicy,
    ) async -> [Deletion] {
        // Declared outside the group for the reason given in `Rollout.pause`.
        var deletions: [Int: Deletion] = [:]
        await withTaskGroup(of: (Int, Deletion).self) { group in
            for (index, identity) in identities.enumerated() {
                group.addTask {
                    do throws(APIError) {
                        let existed = try await delete(identity, isDryRun: isDryRun, retryPolicy)
                        return (index, Deletion(identity: identity, result: .success(existed)))
                    } catch {
                        return (index, Deletion(identity: identity, result: .failure(error)))
                    }
                }
            }
            for await (index, deletion) in group { deletions[index] = deletion }
        }
        return identities.indices.compactMap { deletions[$0] }
    }

    private func delete(
        _ identity: ObjectIdentity,
        isDryRun: Bool,
        _ retryPolicy: RetryPolicy,
    ) async throws(APIError) -> Bool {
        var uid: String?
        try await retryPolicy.retry(identity.description) { () async throws(APIError) in
            guard let live = try await findKnown(identity, until: retryPolicy.deadline) else { return }
            let found = live["metadata"]?["uid"]?.string ?? ""
            // One that was created again in the meantime is another object.
            guard uid ?? found == found else { return }
            uid = found
            guard live["metadata"]?["deletionTimestamp"]?.string == nil else {
                if isDryRun { return }
                throw .beingDeleted(live.remainingFinalizers)
            }
            try await requestDeletion(of: identity, isDryRun: isDryRun, until: retryPolicy.deadline)
            if !isDryRun { throw .beingDeleted([]) }
        }
        return uid != nil
    }

    /// Reads an object, `nil` when there is none, or its group is not served.
    ///
    /// A built-in group that is served without the kind has no such kind in that version: a mistake, not an absence. A
    /// group of CustomResourceDefinitions may have lost the one of the kind.
    private func findKnown(
        _ identity: ObjectIdentity,
        until deadline: ContinuousClock.Instant,
    ) async throws(APIError) -> Node? {
        do throws(APIError) {
            return try await find(identity, until: deadline)
        } catch .refused(let refusal) where refusal.status.isUnknownResource {
            guard identity.type.isBuiltIn, try await isServed(identity.type.group, until: deadline) else { return nil }
            let near = catalog.nearKind(to: identity.type).map { "; did you mean '\($0)'?" } ?? ""
            throw .pending("\(ServerStatus(missing: identity.type).message)\(near)", .permanent)
        }
    }

    /// Returns whether the server has a group, in whatever version.
    private func isServed(_ group: String, until deadline: ContinuousClock.Instant) async throws(APIError) -> Bool {
        group.isEmpty ? true : try await send("GET", "/apis/\(group)", until: deadline).status == 200
    }

    private func requestDeletion(
        of identity: ObjectIdentity,
        isDryRun: Bool,
        until deadline: ContinuousClock.Instant,
    ) async throws(APIError) {
        let resource = try await catalog.resource(of: identity.type, on: self, until: deadline)
        var identity = identity
        identity.namespace = resource.isNamespaced ? identity.namespace ?? kubeconfig.namespace : nil
        let dryRun = isDryRun ? [("dryRun", "All")] : []
        let query = [("propagationPolicy", "Background")] + dryRun
        do throws(APIError) {
            _ = try await object("DELETE", resource.path(of: identity), query: query, until: deadline)
        } catch .refused(let refusal) where refusal.code == 404 {
            return
        }
    }
}
