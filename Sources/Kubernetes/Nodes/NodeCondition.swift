public import Base

public struct NodeCondition: Sendable, Hashable {
    /// `True`, `False` or `Unknown`.
    var status: String
    /// The machine-readable reason, in one word.
    public var reason: String
    /// The human-readable explanation.
    public var message: String
    /// The time of the last change of the status.
    var since: Timestamp?
    /// The time at which the condition was last written.
    var writtenAt: Timestamp?

    public init(status: String, reason: String, message: String) {
        (self.status, self.reason, self.message) = (status, reason, message)
    }

    init(_ condition: Node) {
        func text(_ key: String) -> String { condition[key]?.string ?? "" }
        self.init(status: text("status"), reason: text("reason"), message: text("message"))
        since = Timestamp(rfc3339: text("lastTransitionTime"))
        writtenAt = Timestamp(rfc3339: text("lastHeartbeatTime"))
    }

    /// Returns whether ``writtenAt`` is known and differs from `now` by less than the limit.
    public func isFresh(at now: Timestamp, within limit: Duration) -> Bool {
        writtenAt.map { abs(now.seconds - $0.seconds) < limit.components.seconds } ?? false
    }

    /// Returns the condition with ``writtenAt`` and, if the status is equal, ``since`` from a known condition.
    public func replacing(_ known: Self?, at now: Timestamp) -> Self {
        var condition = self
        // If the known time is in the future, it was written while a clock was wrong.
        condition.since = known?.status == status ? min(known?.since ?? now, now) : now
        condition.writtenAt = known?.writtenAt
        return condition
    }
}

/// An Event about a node, for `kubectl describe node`.
public struct NodeEvent: Sendable, Hashable {
    /// The name of the API object, the same for all occurrences.
    public var name: String
    var node: String
    public var isWarning: Bool
    /// The machine-readable reason, in one word.
    public var reason: String
    /// The human-readable explanation.
    public var message: String
    public var count: Int
    /// The times of the first and the last occurrence.
    public var first, last: Timestamp

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
    /// As in kubelet Events, the UID is the Node's name, for which `kubectl describe node` searches.
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
