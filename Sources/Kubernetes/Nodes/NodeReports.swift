public import Base
import YAML

/// Reports of nodes about themselves, at the API server: conditions and Events.
public struct NodeReports: Sendable {
    private let client: APIClient

    private static let kind = GroupVersionKind(group: "", version: "v1", kind: "Node")
    private static let collection = "/api/v1/nodes"

    /// The namespace of Events about objects that have none.
    static let eventNamespace = "default"

    /// How many Nodes the server sends at once: one can have a hundred kilobytes, most of it names of images.
    private static let pageSize = 50

    /// More Nodes than this are not read.
    private static let countLimit = 20_000

    /// Prepares requests.
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
    ///   - name: Its name.
    ///   - deadline: The instant after which the attempt is given up.
    /// - Returns: The Node, `nil` if there is none.
    /// - Throws: ``APIError`` if there is no other response.
    public func node(
        _ name: String,
        until deadline: ContinuousClock.Instant,
    ) async throws(APIError) -> ClusterNode? {
        try await client.find(Self.path(name), as: Self.identity(name), until: deadline).map { ClusterNode($0) }
    }

    /// Writes a condition of a Node, and leaves all others as they are.
    ///
    /// It is a strategic merge patch, as the kubelet's: it merges conditions by their types on every server.
    ///
    /// - Parameters:
    ///   - condition: The condition.
    ///   - type: Its type.
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

    /// Writes an Event: a new one, or if it has been written before, what has changed of it.
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
                // The server deletes Events after an hour.
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
            // Written by an attempt whose response was lost.
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
    /// - Returns: The Nodes in the order of the server, that of their names.
    /// - Throws: ``APIError`` if not all of them can be read.
    public func nodes(until deadline: ContinuousClock.Instant) async throws(APIError) -> [ClusterNode] {
        var nodes: [ClusterNode] = []
        try await client.readPages(of: Self.collection, size: Self.pageSize, limit: Self.countLimit, until: deadline) {
            nodes += $0.map { ClusterNode($0) }
        }
        return nodes
    }

    /// Explains why a report cannot be made, or why Nodes cannot be read.
    ///
    /// - Parameters:
    ///   - error: What the server said.
    ///   - advice: What to do about missing permissions.
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
