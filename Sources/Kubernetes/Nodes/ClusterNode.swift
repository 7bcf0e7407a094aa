public import Base
import YAML

/// A Node of the cluster, reduced to the fields that reports need.
public struct ClusterNode: Sendable, Hashable {
    public var name: String

    /// The Node's conditions, by type.
    public var conditions: [String: NodeCondition]

    init(_ object: Node) {
        name = object["metadata"]?["name"]?.string ?? ""
        conditions = [:]
        for condition in object["status"]?["conditions"]?.sequence ?? [] {
            guard let type = condition["type"]?.string else { continue }
            conditions[type] = NodeCondition(
                status: condition["status"]?.string ?? "",
                reason: condition["reason"]?.string ?? "",
                message: condition["message"]?.string ?? "",
                since: condition["lastTransitionTime"]?.string.flatMap { Timestamp(rfc3339: $0) },
                writtenAt: condition["lastHeartbeatTime"]?.string.flatMap { Timestamp(rfc3339: $0) },
            )
        }
    }
}

/// A condition of a Node.
public struct NodeCondition: Sendable, Hashable {
    /// `True`, `False` or `Unknown`.
    public var status: String
    /// The machine-readable reason, in one word.
    public var reason: String
    /// The human-readable explanation.
    public var message: String
    /// The time of the last change of the status.
    public var since: Timestamp?
    /// The time at which the condition was last written.
    public var writtenAt: Timestamp?

    public init(
        status: String,
        reason: String,
        message: String,
        since: Timestamp? = nil,
        writtenAt: Timestamp? = nil,
    ) {
        (self.status, self.reason, self.message) = (status, reason, message)
        (self.since, self.writtenAt) = (since, writtenAt)
    }

    /// Returns whether the condition was written within the given limit.
    ///
    /// A time far in the future, written while a clock was wrong, does not count as fresh either.
    ///
    /// - Parameters:
    ///   - now: The current time.
    ///   - limit: The maximum age.
    /// - Returns: Whether the condition is fresh; `false` if the time of the last write is not known.
    public func isFresh(at now: Timestamp, within limit: Duration) -> Bool {
        writtenAt.map { abs(now.seconds - $0.seconds) < limit.components.seconds } ?? false
    }

    /// Returns the condition with the times of the existing condition.
    ///
    /// - Parameters:
    ///   - known: The Node's current condition of the type, if any.
    ///   - now: The time to record for a change of the status.
    /// - Returns: The condition, equal to `known` if the two differ only in their times. The time of the last status
    ///   change is kept unless the status differs.
    public func replacing(_ known: Self?, at now: Timestamp) -> Self {
        var condition = self
        // A time in the future was written while a clock was wrong.
        condition.since = known?.status == status ? min(known?.since ?? now, now) : now
        condition.writtenAt = known?.writtenAt
        return condition
    }
}

/// An Event about a node, for `kubectl describe node`.
public struct NodeEvent: Sendable, Hashable {
    /// The name of the Event, which is the same for all occurrences.
    public var name: String
    /// The name of the Node.
    public var node: String
    public var isWarning: Bool
    /// The machine-readable reason, in one word.
    public var reason: String
    /// The human-readable explanation.
    public var message: String
    /// The number of occurrences.
    public var count: Int
    /// The time of the first occurrence.
    public var first: Timestamp
    /// The time of the last occurrence.
    public var last: Timestamp

    public init(
        name: String,
        node: String,
        isWarning: Bool,
        reason: String,
        message: String,
        count: Int,
        first: Timestamp,
        last: Timestamp,
    ) {
        (self.name, self.node, self.isWarning, self.reason) = (name, node, isWarning, reason)
        (self.message, self.count, self.first, self.last) = (message, count, first, last)
    }

    /// The fields that change with each occurrence.
    var changes: [(String, Node)] {
        [
            ("message", .string(message)), ("count", .number(count)),
            ("lastTimestamp", .string(last.description)),
        ]
    }

    /// The Event as an API object.
    ///
    /// The UID of the Node is set to its name, as the kubelet does, because `kubectl describe node` searches for that
    /// value.
    var object: Node {
        .mapping(
            [
                ("apiVersion", .string("v1")), ("kind", .string("Event")),
                (
                    "metadata",
                    .mapping([("name", .string(name)), ("namespace", .string(NodeReports.eventNamespace))])
                ),
                (
                    "involvedObject",
                    .mapping([("kind", .string("Node")), ("name", .string(node)), ("uid", .string(node))])
                ),
                ("reason", .string(reason)), ("type", .string(isWarning ? "Warning" : "Normal")),
                (
                    "source",
                    .mapping([("component", .string(ManagedMetadata.manager)), ("host", .string(node))])
                ),
                ("firstTimestamp", .string(first.description)),
                ("reportingComponent", .string(ManagedMetadata.manager)), ("reportingInstance", .string(node)),
            ] + changes
        )
    }
}
