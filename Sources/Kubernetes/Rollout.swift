import PKI
import YAML

extension APIClient {
    /// Waits until objects are ready by the rules of ``Readiness``.
    ///
    /// An object that does not exist yet is waited for. One whose controller has given up is waited for too: at a first
    /// boot an image that comes late mends it.
    ///
    /// - Throws: ``RolloutError`` with every object that is not ready when the deadline has passed.
    public func awaitReadiness(
        of identities: [ObjectIdentity],
        minimumNodeCount: Int = 1,
        _ patience: Patience,
    ) async throws(RolloutError) {
        var backoff = Backoff()
        var pending = identities
        var last: [UnreadyObject] = []
        let span = "waiting since \(Timestamp.now()), until \(patience.deadlineTime)"
        while true {
            var unready = await check(pending, minimumNodeCount, patience.deadline)
            guard !unready.isEmpty else { return }
            pending = unready.map(\.identity)
            // Questions that the deadline cut short say nothing about their objects.
            if ContinuousClock.now >= patience.deadline, !last.isEmpty {
                unready = last.filter { pending.contains($0.identity) }
            }
            last = unready
            let delay = backoff.next()
            let isInterrupted = Task.isCancelled
            guard !isInterrupted, ContinuousClock.now + delay < patience.deadline else {
                let explained = isInterrupted ? unready : await RolloutDiagnosis(client: self).explain(unready)
                throw RolloutError(unready: explained, isInterruption: isInterrupted)
            }
            patience.report("\(unready.map(\.description).joined(separator: "; ")); \(span)")
            guard await sleep(delay) else {
                throw RolloutError(unready: unready, isInterruption: true)
            }
        }
    }

    private func check(
        _ identities: [ObjectIdentity],
        _ minimumNodeCount: Int,
        _ deadline: ContinuousClock.Instant,
    ) async -> [UnreadyObject] {
        await withTaskGroup(of: (Int, UnreadyObject?).self) { group in
            for (index, identity) in identities.enumerated() {
                group.addTask {
                    let reason = await unreadiness(of: identity, minimumNodeCount, deadline)
                    return (index, reason.map { UnreadyObject(identity: identity, reason: $0) })
                }
            }
            var found: [(Int, UnreadyObject)] = []
            for await case (let index, let object?) in group { found.append((index, object)) }
            return found.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    /// Why an object is not ready, `nil` if it is.
    private func unreadiness(
        of identity: ObjectIdentity,
        _ minimumNodeCount: Int,
        _ deadline: ContinuousClock.Instant,
    ) async -> String? {
        do {
            guard let live = try await find(identity, until: deadline) else { return "it does not exist" }
            return switch Readiness(of: live, minimumNodeCount: minimumNodeCount) {
            case .ready: nil
            case .waiting(let reason): reason
            case .failed(let reason): "its controller reports a failure: \(reason)"
            }
        } catch .refused(let refusal) where refusal.status.isUnknownResource {
            return ServerStatus(missing: identity.type).message
        } catch {
            return error.words
        }
    }

    /// Reads an object, `nil` when there is none.
    func find(_ identity: ObjectIdentity, until deadline: ContinuousClock.Instant) async throws(APIError) -> Node? {
        let resource = try await catalog.resource(of: identity.type, on: self, until: deadline)
        var identity = identity
        identity.namespace = resource.isNamespaced ? identity.namespace ?? kubeconfig.namespace : nil
        return try await find(resource.path(of: identity), until: deadline)
    }
}
