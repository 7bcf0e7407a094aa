public import Base
import YAML

/// The reports of nodes about themselves on the API server: conditions and Events.
public struct NodeReports: Sendable {
    private let client: APIClient

    private static let kind = GroupVersionKind(group: "", version: "v1", kind: "Node")
    private static let collection = "/api/v1/nodes"

    /// The namespace of Events about cluster-scoped objects.
    static let eventNamespace = "default"

    /// The number of Nodes per page, small because one Node can have a hundred kilobytes, mostly names of images.
    private static let pageSize = 50

    /// Creates an interface to the reports of one cluster.
    public init(client: APIClient) {
        self.client = client
    }

    private static func path(_ name: String) -> String { "\(collection)/\(APIClient.percentEncoded(name))" }

    private static func identity(_ name: String) -> ObjectIdentity {
        ObjectIdentity(type: kind, namespace: nil, name: name)
    }

    /// Reads a Node.
    ///
    /// - Parameters:
    ///   - name: The name of the Node.
    ///   - deadline: The instant after which the attempt is given up.
    /// - Returns: The Node, or `nil` if it does not exist.
    /// - Throws: ``APIError`` if the server gives another response, or none.
    public func node(
        _ name: String,
        until deadline: ContinuousClock.Instant,
    ) async throws(APIError) -> ClusterNode? {
        try await client.find(Self.path(name), as: Self.identity(name), until: deadline).map { ClusterNode($0) }
    }

    /// Writes a condition of a Node, and leaves all other conditions unchanged.
    ///
    /// The request is a strategic merge patch, as the kubelet sends; every server merges the conditions by type.
    ///
    /// - Parameters:
    ///   - condition: The condition.
    ///   - type: The type of the condition.
    ///   - name: The name of the Node.
    ///   - deadline: The instant after which the attempt is given up.
    /// - Throws: ``APIError`` if the server refuses.
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
        try await patch(
            "\(Self.path(name))/status",
            body,
            ExpectedObject(Self.identity(name), isStored: true),
            deadline
        )
    }

    /// Creates an Event, or updates the existing Event of the same name.
    ///
    /// - Parameters:
    ///   - event: The Event.
    ///   - deadline: The instant after which the attempt is given up.
    /// - Throws: ``APIError`` if the server refuses.
    public func write(_ event: NodeEvent, until deadline: ContinuousClock.Instant) async throws(APIError) {
        let events = "/api/v1/namespaces/\(Self.eventNamespace)/events"
        let type = GroupVersionKind(group: "", version: "v1", kind: "Event")
        let identity = ObjectIdentity(type: type, namespace: Self.eventNamespace, name: event.name)
        let expected = ExpectedObject(identity, isStored: true)
        let path = "\(events)/\(APIClient.percentEncoded(event.name))"
        if event.count > 1 {
            do throws(APIError) {
                return try await patch(path, .mapping(event.changes), expected, deadline)
            } catch .refused(let refusal) where refusal.code == 404 {
                // The Event no longer exists, because the server deletes Events after an hour.
            }
        }
        do throws(APIError) {
            _ = try await client.object(
                "POST",
                events,
                query: [("fieldManager", ManagedMetadata.manager)],
                body: event.object.json(),
                contentType: "application/json",
                as: expected,
                until: deadline,
            )
        } catch .refused(let refusal) where refusal.code == 409 {
            // An earlier attempt, whose response was lost, has created the Event.
            try await patch(path, .mapping(event.changes), expected, deadline)
        }
    }

    private func patch(
        _ path: String,
        _ body: Node,
        _ expected: ExpectedObject,
        _ deadline: ContinuousClock.Instant,
    ) async throws(APIError) {
        _ = try await client.object(
            "PATCH",
            path,
            query: [("fieldManager", ManagedMetadata.manager)],
            body: body.json(),
            contentType: "application/strategic-merge-patch+json",
            as: expected,
            until: deadline,
        )
    }

    /// Reads all Nodes of the cluster.
    ///
    /// - Parameter deadline: The instant after which the attempt is given up.
    /// - Returns: The Nodes in the server's order, which is by name.
    /// - Throws: ``APIError`` if not all Nodes can be read.
    public func nodes(until deadline: ContinuousClock.Instant) async throws(APIError) -> [ClusterNode] {
        var nodes: [ClusterNode] = []
        try await client.readPages(of: Self.collection, size: Self.pageSize, until: deadline) {
            nodes += $0.map { ClusterNode($0) }
            return true
        }
        return nodes
    }

    /// Explains why a report cannot be written, or why Nodes cannot be read.
    ///
    /// - Parameters:
    ///   - error: The error of the request.
    ///   - advice: The hint for missing permissions.
    /// - Returns: The problem.
    public func problem(_ error: APIError, forbidden advice: String) -> Problem {
        guard case .refused(let refusal) = error, refusal.code != 401 else { return client.preflightProblem(error) }
        return Problem(
            "API server \(client.kubeconfig.server) refuses \(refusal.request)",
            hint: refusal.code == 403 ? advice : nil,
            cause: error
        )
    }
}
