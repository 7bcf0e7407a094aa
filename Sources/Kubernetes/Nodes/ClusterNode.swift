public import Base
import YAML

/// A Node of the cluster, as far as reports are concerned.
public struct ClusterNode: Sendable, Hashable {
    public var name: String

    /// Its conditions by their types.
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
    /// Why, in one word.
    public var reason: String
    /// Why, for people.
    public var message: String
    /// Since when the status is what it is.
    public var since: Timestamp?
    /// When it was last written.
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

    /// Whether it was written less than a duration ago.
    ///
    /// A clock that was wrong for a moment may have written a time that is far ahead: that is not fresh either.
    ///
    /// - Parameters:
    ///   - now: The time.
    ///   - limit: The duration.
    /// - Returns: Whether it was; `false` if it is not known when it was written.
    public func isFresh(at now: Timestamp, within limit: Duration) -> Bool {
        writtenAt.map { abs(now.seconds - $0.seconds) < limit.components.seconds } ?? false
    }

    /// The condition with the times of the one that it replaces.
    ///
    /// - Parameters:
    ///   - known: The condition that the Node has, if it has one.
    ///   - now: The time of a change.
    /// - Returns: The condition, equal to the known one if nothing else differs; its time is that of the known condition
    ///   unless the status differs.
    public func replacing(_ known: Self?, at now: Timestamp) -> Self {
        var condition = self
        condition.since = known?.status == status ? known?.since ?? now : now
        condition.writtenAt = known?.writtenAt
        return condition
    }
}

/// Something that happened on a node, for `kubectl describe node`.
public struct NodeEvent: Sendable, Hashable {
    /// The name of the Event, the same for what happens again.
    public var name: String
    /// The name of the Node.
    public var node: String
    public var isWarning: Bool
    /// The reason, in one word.
    public var reason: String
    /// The reason, for people.
    public var message: String
    /// How often it has happened.
    public var count: Int
    /// When it happened first.
    public var first: Timestamp
    /// When it happened last.
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

    /// The fields that change when it happens again.
    var changes: [(String, Node)] {
        [
            ("message", .string(message)), ("count", .number(count)),
            ("lastTimestamp", .string(last.description)),
        ]
    }

    /// The object.
    ///
    /// The UID of the Node is its name, as the kubelet writes it: `kubectl describe node` looks for that.
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
