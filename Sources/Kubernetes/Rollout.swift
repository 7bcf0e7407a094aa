import YAML

/// An object that is not ready when time is up.
public struct UnreadyObject: Sendable, Hashable, CustomStringConvertible {
    /// The object.
    public var identity: ObjectIdentity
    /// What is missing, with the last warning that the cluster recorded about it.
    public var reason: String

    /// The object and what is missing.
    public var description: String { "\(identity): \(reason)" }
}

/// Objects that did not become ready in time.
public struct RolloutError: Error, Sendable, CustomStringConvertible {
    /// Every object that is not ready, and why.
    public var unready: [UnreadyObject]
    /// Whether the agent was told to stop while it waited.
    public var isInterruption: Bool

    /// All objects with their reasons, on one line.
    public var description: String {
        "not ready in time: \(unready.map(\.description).joined(separator: "; "))"
    }
}

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
        while true {
            let unready = await check(pending, minimumNodeCount, patience.deadline)
            guard !unready.isEmpty else { return }
            pending = unready.map(\.identity)
            let delay = backoff.next()
            let isInterrupted = Task.isCancelled
            guard !isInterrupted, ContinuousClock.now + delay < patience.deadline else {
                throw RolloutError(unready: await withWarnings(unready), isInterruption: isInterrupted)
            }
            patience.report(unready.map(\.description).joined(separator: "; "))
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
            let resource = try await catalog.resource(of: identity.type, on: self, until: deadline)
            guard let live = try await find(resource.path(of: resolved(identity, resource)), until: deadline) else {
                return "it does not exist"
            }
            return switch Readiness(of: live, minimumNodeCount: minimumNodeCount) {
            case .ready: nil
            case .waiting(let reason): reason
            case .failed(let reason): "its controller reports a failure: \(reason)"
            }
        } catch {
            return error.words
        }
    }

    private func resolved(_ identity: ObjectIdentity, _ resource: APIResource) -> ObjectIdentity {
        guard resource.isNamespaced, identity.namespace == nil else { return identity }
        var identity = identity
        identity.namespace = kubeconfig.namespace
        return identity
    }

    /// Adds the last warning event of each object, which says what its status does not.
    private func withWarnings(_ objects: [UnreadyObject]) async -> [UnreadyObject] {
        var result: [UnreadyObject] = []
        let deadline = ContinuousClock.now + .seconds(2)
        for var object in objects {
            let path = "/api/v1/namespaces/\(object.identity.namespace ?? kubeconfig.namespace)/events"
            let selector =
                "type=Warning,involvedObject.kind=\(object.identity.type.kind),"
                + "involvedObject.name=\(object.identity.name)"
            let list = try? await self.object("GET", path, query: [("fieldSelector", selector)], until: deadline).node
            let events = list?["items"]?.sequence ?? []
            let last = events.max { ($0["lastTimestamp"]?.string ?? "") < ($1["lastTimestamp"]?.string ?? "") }
            if let last {
                object.reason += " (\(last["reason"]?.string ?? "Warning"): \(last["message"]?.string ?? ""))"
            }
            result.append(object)
        }
        return result
    }
}
