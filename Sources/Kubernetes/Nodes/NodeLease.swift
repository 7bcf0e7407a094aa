import Base
import YAML

/// The reports of nodes without a Node, such as control planes on which no kubelet runs.
///
/// Such a node reports with annotations of the Lease that its kubelet would have. A kubelet may write the Lease of its
/// own name even if its Node does not exist, so that no further permission is needed, and a kubelet that starts later
/// keeps the annotations.
///
/// Source: <https://kubernetes.io/docs/concepts/architecture/leases/#node-heart-beats>.
extension NodeReports {
    /// The namespace of the Leases of nodes.
    static let leaseNamespace = "kube-node-lease"

    /// The duration of the Lease of a kubelet in seconds, which a kubelet does not change in an existing Lease.
    private static let kubeletLeaseSeconds = 40

    /// The number of Leases per page.
    private static let leasePageSize = 500

    private static let leases = "\(ClusterLease.kind.path)/namespaces/\(leaseNamespace)/leases"

    /// The annotations of a report.
    private enum Annotation {
        static let status = "nest-bootstrap/status"
        static let reason = "nest-bootstrap/reason"
        static let message = "nest-bootstrap/message"
        static let since = "nest-bootstrap/since"
        static let writtenAt = "nest-bootstrap/written-at"
    }

    private static func lease(_ name: String) -> (path: String, identity: ObjectIdentity) {
        let identity = ObjectIdentity(type: ClusterLease.kind, namespace: leaseNamespace, name: name)
        return ("\(leases)/\(APIClient.percentEncoded(name))", identity)
    }

    /// Reads the report in the Lease of a node.
    ///
    /// - Parameters:
    ///   - name: The name of the node.
    ///   - deadline: The instant after which the attempt is given up.
    /// - Returns: The report, or `nil` if the Lease does not exist or has none.
    /// - Throws: ``APIError`` if the server gives another response, or none.
    public func leaseReport(
        _ name: String,
        until deadline: ContinuousClock.Instant,
    ) async throws(APIError) -> NodeCondition? {
        let (path, identity) = Self.lease(name)
        return try await client.find(path, as: identity, until: deadline).flatMap { Self.report(in: $0) }
    }

    /// Writes a report to the Lease of a node, and creates the Lease if it does not exist.
    ///
    /// The time of renewal is not written, because it is the heartbeat of a kubelet.
    ///
    /// - Parameters:
    ///   - condition: The report.
    ///   - name: The name of the node.
    ///   - deadline: The instant after which the attempt is given up.
    /// - Throws: ``APIError`` if the server refuses.
    public func write(
        _ condition: NodeCondition,
        toLeaseOf name: String,
        until deadline: ContinuousClock.Instant,
    ) async throws(APIError) {
        let (path, identity) = Self.lease(name)
        let now = Timestamp.now()
        let annotations = Node.mapping([
            (Annotation.status, .string(condition.status)), (Annotation.reason, .string(condition.reason)),
            (Annotation.message, .string(condition.message)),
            (Annotation.since, .string((condition.since ?? now).description)),
            (Annotation.writtenAt, .string(now.description)),
        ])
        let body = Node.mapping([
            ("apiVersion", .string(ClusterLease.kind.apiVersion)), ("kind", .string(ClusterLease.kind.kind)),
            (
                "metadata",
                .mapping([
                    ("name", .string(name)), ("namespace", .string(Self.leaseNamespace)), ("annotations", annotations),
                ])
            ),
            (
                "spec",
                .mapping([
                    ("holderIdentity", .string(name)), ("leaseDurationSeconds", .number(Self.kubeletLeaseSeconds)),
                ])
            ),
        ])
        _ = try await client.object(
            "PATCH",
            path,
            query: [("fieldManager", ManagedMetadata.manager), ("force", "true")],
            body: body.json(),
            as: ExpectedObject(identity, isStored: true),
            until: deadline,
        )
    }

    /// Reads the reports in the Leases of all nodes.
    ///
    /// - Parameter deadline: The instant after which the attempt is given up.
    /// - Returns: The reports by the names of the nodes.
    /// - Throws: ``APIError`` if not all Leases can be read.
    public func leaseReports(until deadline: ContinuousClock.Instant) async throws(APIError) -> [String: NodeCondition]
    {
        var reports: [String: NodeCondition] = [:]
        try await client.readPages(of: Self.leases, size: Self.leasePageSize, limit: Self.countLimit, until: deadline) {
            for lease in $0 {
                guard let name = lease["metadata"]?["name"]?.string else { continue }
                reports[name] = Self.report(in: lease)
            }
        }
        return reports
    }

    private static func report(in lease: Node) -> NodeCondition? {
        let annotations = lease["metadata"]?["annotations"]
        let text = { (name: String) in annotations?[name]?.string }
        guard let status = text(Annotation.status) else { return nil }
        return NodeCondition(
            status: status,
            reason: text(Annotation.reason) ?? "",
            message: text(Annotation.message) ?? "",
            since: text(Annotation.since).flatMap { Timestamp(rfc3339: $0) },
            writtenAt: text(Annotation.writtenAt).flatMap { Timestamp(rfc3339: $0) },
        )
    }
}
