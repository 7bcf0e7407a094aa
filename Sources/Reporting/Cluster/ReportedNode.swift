public import Base

/// The state of one node in the cluster, for `status --all-nodes`.
public struct ReportedNode: Sendable, Hashable {
    /// The node's report about its tasks.
    public enum State: String, Sendable, Hashable, CaseIterable {
        /// All tasks have succeeded.
        case ready
        /// A task has failed, or the task file is invalid.
        case failed
        /// Some tasks have not succeeded yet.
        case notYet = "not yet"
        /// The node could not read the records of its tasks, or reports a status that this version does not know.
        case unknown
        /// The last report is too old to rely on: the kubelet or the reports of the node have stopped.
        case stale
        /// The node has not reported anything.
        case notReported = "not reported"
        /// The node is in the task file, and the cluster does not have its Node.
        case missing
    }

    public var name: String

    /// The roles of the node in the task file, empty if the file does not list the node.
    public var roles: [String]

    /// The status of condition `Ready`, which the kubelet reports; `nil` if there is none.
    public var kubelet: String?

    public var state: State
    public var reason: String?

    /// The details of the report.
    public var message: String?

    /// The time since which the node has had the reported status.
    public var since: Timestamp?

    /// Creates a node without a report.
    public init(_ name: String, roles: [String], kubelet: String?, state: State = .notReported) {
        (self.name, self.roles, self.kubelet, self.state) = (name, roles, kubelet, state)
    }

    /// The time without an update after which a report is stale.
    ///
    /// Nodes write their condition at least once a day, even if nothing has changed.
    public static let silenceLimit = Duration.seconds(2 * 24 * 3600)

    /// Adds the node's report, current if the node is alive and has reported within ``silenceLimit``.
    ///
    /// A failure remains a failure while the node is off, because it needs manual action in any case.
    public mutating func add(status: String, reason: String, message: String, since: Timestamp?, isCurrent: Bool) {
        (self.reason, self.message, self.since) = (reason, message, since)
        state =
            switch status {
            case "True": .ready
            case "False": BootstrapCondition.Reason(rawValue: reason)?.isFailure == true ? .failed : .notYet
            default: .unknown
            }
        if state != .failed, !isCurrent { state = .stale }
    }

    /// The kubelet's report, as a word for output.
    fileprivate var kubeletWords: String? {
        kubelet.map { ["True": "ready", "False": "not ready"][$0] ?? "unknown" }
    }
}

/// Returns the reports of nodes as human-readable rows, for a terminal of the given width if any.
public func reportedNodeLines(
    _ nodes: [ReportedNode],
    at now: Timestamp = .now(),
    columns: Int? = nil,
    isColoured: Bool = false,
) -> [String] {
    guard !nodes.isEmpty else { return ["the cluster has no nodes"] }
    let rows = nodes.map { node in
        var row = TaskRow(name: node.name, phase: .open, word: node.state.rawValue, tone: node.state.tone)
        row.time = node.since.map { Duration.seconds(max(0, now.seconds - $0.seconds)).clockText } ?? ""
        // For a ready node, the message adds nothing to the state.
        let message = node.state == .ready ? nil : node.message
        let parts: [String?] = [
            node.roles.joined(separator: ","), node.kubeletWords.map { "kubelet \($0)" },
            message.map { node.state == .stale ? "last report: \($0)" : $0 },
        ]
        row.detail = parts.compactMap(\.self).filter { !$0.isEmpty }.joined(separator: "; ")
        return row
    }
    return finalLines(rows, columns: columns, isColoured: isColoured)
}

extension ReportedNode.State {
    fileprivate var tone: Line.Tone {
        switch self {
        case .ready: .changed
        case .failed: .failed
        case .notYet: .progress
        case .unknown, .stale, .notReported, .missing: .warning
        }
    }
}

/// Returns the reports of nodes as one JSON object, without a line ending.
public func reportedNodesJSON(_ nodes: [ReportedNode]) -> String {
    let items = nodes.map { node in
        Node.known([
            ("node", .string(node.name)), ("roles", .strings(node.roles)), ("state", .string(node.state.rawValue)),
            ("since", .text(node.since?.description)), ("reason", .text(node.reason)),
            ("message", .text(node.message)), ("kubelet", .text(node.kubeletWords)),
        ])
    }
    let counts = Dictionary(grouping: nodes, by: \.state).mapValues(\.count)
    let summary =
        [("nodes", Node.number(nodes.count))]
        + ReportedNode.State.allCases.map { ($0.rawValue, Node.number(counts[$0] ?? 0)) }
    return Node.output([("nodes", .sequence(items)), ("summary", .mapping(summary))])
}
