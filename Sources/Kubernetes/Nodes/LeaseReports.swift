import Base
import YAML

/// Reports of nodes without a Node, such as control planes without a kubelet.
///
/// The report is in annotations of the Lease that the node's kubelet would have. A kubelet may write this Lease even if
/// its Node does not exist, so no further permission is needed. A kubelet that starts later keeps the annotations.
///
/// Source: <https://kubernetes.io/docs/concepts/architecture/leases/#node-heart-beats>.
public struct LeaseReports: Sendable {
    private let client: APIClient

    /// The namespace of the Leases of nodes.
    static let namespace = "kube-node-lease"

    /// The duration of a kubelet's Lease in seconds, which a kubelet does not change in an existing Lease.
    private static let kubeletSeconds = 40

    /// The number of Leases per page.
    private static let pageSize = 500

    private static let collection = "\(ClusterLease.kind.path)/namespaces/\(namespace)/leases"

    /// The annotations of a report.
    private enum Annotation: String, CaseIterable {
        case status = "nest-bootstrap/status"
        case reason = "nest-bootstrap/reason"
        case message = "nest-bootstrap/message"
        case since = "nest-bootstrap/since"
        case writtenAt = "nest-bootstrap/written-at"
    }

    /// The names of the annotations of a report.
    static let annotations = Annotation.allCases.map(\.rawValue)

    /// Creates an interface to the reports of one cluster.
    public init(client: APIClient) {
        self.client = client
    }

    private static func path(_ name: String) -> String { "\(collection)/\(APIClient.percentEncoded(name))" }

    private static func identity(_ name: String) -> ObjectIdentity {
        ObjectIdentity(type: ClusterLease.kind, namespace: namespace, name: name)
    }

    /// Reads the report of a node.
    ///
    /// - Parameters:
    ///   - name: The name of the node.
    ///   - deadline: The instant after which the attempt is given up.
    /// - Returns: The report, or `nil` if the Lease does not exist or has none.
    /// - Throws: ``APIError`` if the server gives another response, or none.
    public func report(
        of name: String,
        until deadline: ContinuousClock.Instant,
    ) async throws(APIError) -> NodeCondition? {
        let lease = try await client.find(Self.path(name), as: Self.identity(name), until: deadline)
        return lease.flatMap { Self.report(in: $0) }
    }

    /// Writes the report of a node, and creates the Lease if it does not exist.
    ///
    /// The Lease is renewed too, as a kubelet does: the node lifecycle controller ignores the renewals of a Lease that
    /// had no time of renewal when the controller first saw it.
    ///
    /// - Parameters:
    ///   - condition: The report.
    ///   - name: The name of the node, whose Node must not exist: for its Node this would be a heartbeat.
    ///   - deadline: The instant after which the attempt is given up.
    /// - Throws: ``APIError`` if the server refuses.
    public func write(
        _ condition: NodeCondition,
        of name: String,
        until deadline: ContinuousClock.Instant,
    ) async throws(APIError) {
        let now = Timestamp.now()
        let texts: [(Annotation, String)] = [
            (.status, condition.status), (.reason, condition.reason), (.message, condition.message),
            (.since, (condition.since ?? now).description), (.writtenAt, now.description),
        ]
        let annotations = Node.mapping(texts.map { ($0.rawValue, .string($1)) })
        let metadata: [(String, Node)] = [
            ("name", .string(name)), ("namespace", .string(Self.namespace)), ("annotations", annotations),
        ]
        let spec: [(String, Node)] = [
            ("holderIdentity", .string(name)), ("leaseDurationSeconds", .number(Self.kubeletSeconds)),
            ("renewTime", .string(LeaseState.microTime(Timestamp.millisecondsNow()))),
        ]
        let body = Node.mapping([
            ("apiVersion", .string(ClusterLease.kind.apiVersion)), ("kind", .string(ClusterLease.kind.kind)),
            ("metadata", .mapping(metadata)), ("spec", .mapping(spec)),
        ])
        _ = try await client.object(
            "PATCH",
            Self.path(name),
            query: [("fieldManager", ManagedMetadata.manager), ("force", "true")],
            body: body.json(),
            as: ExpectedObject(Self.identity(name), isStored: true),
            until: deadline,
        )
    }

    /// Removes the report of a node, which has another place now; the Lease stays.
    ///
    /// - Parameters:
    ///   - name: The name of the node.
    ///   - deadline: The instant after which the attempt is given up.
    /// - Throws: ``APIError`` if the server refuses, also if there is no Lease.
    public func remove(of name: String, until deadline: ContinuousClock.Instant) async throws(APIError) {
        let annotations = Node.mapping(Annotation.allCases.map { ($0.rawValue, .null()) })
        _ = try await client.object(
            "PATCH",
            Self.path(name),
            query: [("fieldManager", ManagedMetadata.manager)],
            body: Node.mapping([("metadata", .mapping([("annotations", annotations)]))]).json(),
            contentType: "application/merge-patch+json",
            as: ExpectedObject(Self.identity(name), isStored: true),
            until: deadline,
        )
    }

    /// Reads the reports of all nodes.
    ///
    /// - Parameter deadline: The instant after which the attempt is given up.
    /// - Returns: The reports by the names of the nodes.
    /// - Throws: ``APIError`` if not all Leases can be read.
    public func all(until deadline: ContinuousClock.Instant) async throws(APIError) -> [String: NodeCondition] {
        var reports: [String: NodeCondition] = [:]
        let limit = NodeReports.countLimit
        try await client.readPages(of: Self.collection, size: Self.pageSize, limit: limit, until: deadline) {
            for lease in $0 {
                guard let name = lease["metadata"]?["name"]?.string else { continue }
                reports[name] = Self.report(in: lease)
            }
        }
        return reports
    }

    private static func report(in lease: Node) -> NodeCondition? {
        let annotations = lease["metadata"]?["annotations"]
        let text = { (annotation: Annotation) in annotations?[annotation.rawValue]?.string }
        guard let status = text(.status) else { return nil }
        return NodeCondition(
            status: status,
            reason: text(.reason) ?? "",
            message: text(.message) ?? "",
            since: text(.since).flatMap { Timestamp(rfc3339: $0) },
            writtenAt: text(.writtenAt).flatMap { Timestamp(rfc3339: $0) },
        )
    }
}
