public import Base

/// A client that reads and writes the conditions of Nodes, and writes Events about Nodes.
public struct NodeReports: Sendable {
    private let client: APIClient

    private static let kind = GroupVersionKind(group: "", version: "v1", kind: "Node")

    /// The namespace of Events about cluster-scoped objects.
    static let eventNamespace = "default"

    public init(client: APIClient) {
        self.client = client
    }

    private static func path(_ name: String) -> String { "/api/v1/nodes/\(APIClient.percentEncoded(name))" }

    private static func identity(_ name: String) -> ObjectIdentity {
        ObjectIdentity(type: kind, namespace: nil, name: name)
    }

    /// Reads the conditions of a Node by type; returns `nil` if the Node does not exist.
    public func conditions(
        of name: String,
        until deadline: ContinuousClock.Instant
    ) async throws(APIError) -> [String: NodeCondition]? {
        let node = try await client.find(Self.path(name), as: Self.identity(name), until: deadline)
        guard let conditions = node.map({ $0["status"]?["conditions"]?.sequence ?? [] }) else { return nil }
        return Dictionary(conditions.map { ($0["type"]?.string ?? "", NodeCondition($0)) }) { $1 }
    }

    /// Writes a condition of a Node by a strategic merge patch, which leaves other conditions unchanged.
    public func write(
        _ condition: NodeCondition,
        _ type: String,
        of name: String,
        until deadline: ContinuousClock.Instant,
    ) async throws(APIError) {
        let now = Timestamp.now()
        let fields = Node.mapping([
            ("type", .string(type)), ("status", .string(condition.status)), ("reason", .string(condition.reason)),
            ("message", .string(condition.message)), ("lastHeartbeatTime", .string(now.description)),
            ("lastTransitionTime", .string((condition.since ?? now).description)),
        ])
        let body = Node.mapping([("status", .mapping([("conditions", .sequence([fields]))]))])
        let path = "\(Self.path(name))/status"
        try await send("PATCH", path, body, Self.patchType, as: Self.identity(name), until: deadline)
    }

    /// Creates an Event, or updates the existing Event of the same name.
    public func write(_ event: NodeEvent, until deadline: ContinuousClock.Instant) async throws(APIError) {
        let events = "/api/v1/namespaces/\(Self.eventNamespace)/events"
        let type = GroupVersionKind(group: "", version: "v1", kind: "Event")
        let identity = ObjectIdentity(type: type, namespace: Self.eventNamespace, name: event.name)
        do throws(APIError) {
            try await send("POST", events, event.object, "application/json", as: identity, until: deadline)
        } catch .refused(let refusal) where refusal.code == 409 {
            let path = "\(events)/\(APIClient.percentEncoded(event.name))"
            try await send("PATCH", path, .mapping(event.changes), Self.patchType, as: identity, until: deadline)
        }
    }

    private static let patchType = "application/strategic-merge-patch+json"

    private func send(
        _ method: String,
        _ path: String,
        _ body: Node,
        _ contentType: String,
        as identity: ObjectIdentity,
        until deadline: ContinuousClock.Instant,
    ) async throws(APIError) {
        _ = try await client.object(
            method,
            path,
            query: [("fieldManager", ManagedMetadata.manager)],
            body: body.json(),
            contentType: contentType,
            as: ExpectedObject(identity, isStored: true),
            until: deadline,
        )
    }

    /// Explains why a report cannot be read or written; `advice` is the hint if the user lacks the permission.
    public func problem(_ error: APIError, forbidden advice: String) -> Problem {
        guard case .refused(let refusal) = error, refusal.code != 401 else { return client.preflightProblem(error) }
        return Problem(
            "API server \(client.kubeconfig.server) refuses \(refusal.request)",
            hint: refusal.code == 403 ? advice : nil,
            cause: error
        )
    }
}
