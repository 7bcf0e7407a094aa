public import Base
import YAML

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

    /// Creates a node that is in the task file, and of which the cluster has no Node.
    public init(missing name: String, roles: [String]) {
        (self.name, self.roles, state) = (name, roles, .missing)
    }

    /// Creates a node of the cluster that has not reported anything.
    ///
    /// - Parameters:
    ///   - name: The name of the node.
    ///   - roles: The roles of the node in the task file.
    ///   - kubelet: The status of condition `Ready`.
    public init(_ name: String, roles: [String], kubelet: String?) {
        (self.name, self.roles, self.kubelet, state) = (name, roles, kubelet, .notReported)
    }

    /// The time without an update after which a report is stale.
    ///
    /// Nodes write their condition at least once a day, even if nothing has changed.
    public static let silenceLimit = Duration.seconds(2 * 24 * 3600)

    /// Adds the node's report.
    ///
    /// A failure remains a failure while the node is off, because it needs manual action in any case.
    ///
    /// - Parameters:
    ///   - status: The status of the report, as of condition `BootstrapReady`.
    ///   - reason: The reason of the report.
    ///   - message: The message of the report.
    ///   - since: The time at which the status last changed.
    ///   - isCurrent: Whether the node is alive and has reported within ``silenceLimit``.
    public mutating func add(status: String, reason: String, message: String, since: Timestamp?, isCurrent: Bool) {
        (self.reason, self.message, self.since) = (reason, message, since)
        state =
            switch BootstrapCondition.Status(rawValue: status) {
            case .isTrue: .ready
            case .isFalse: BootstrapCondition.Reason(rawValue: reason)?.isFailure == true ? .failed : .notYet
            case .unknown, nil: .unknown
            }
        if state != .failed, !isCurrent { state = .stale }
    }

    /// The kubelet's report, as a word for output.
    fileprivate var kubeletWords: String {
        switch kubelet {
        case "True": "ready"
        case "False": "not ready"
        case nil: ""
        default: "unknown"
        }
    }
}

/// Returns the reports of nodes as a human-readable table.
///
/// - Parameters:
///   - nodes: The nodes.
///   - now: The time for which ages are computed.
///   - columns: The width of the terminal, or `nil` for lines of any length.
///   - isColoured: Whether states are coloured.
///   - isUTF8: Whether the table may contain non-ASCII characters.
/// - Returns: The lines, the heading first, or one sentence if there is no node.
public func reportedNodeLines(
    _ nodes: [ReportedNode],
    at now: Timestamp = .now(),
    columns: Int? = nil,
    isColoured: Bool = false,
    isUTF8: Bool = true,
) -> [String] {
    guard !nodes.isEmpty else { return ["the cluster has no nodes"] }
    let rows = nodes.map { node in
        [
            node.name, node.state.rawValue,
            node.since.map { Duration.seconds(max(0, now.seconds - $0.seconds)).clockText } ?? "", node.kubeletWords,
            node.roles.joined(separator: ","), node.reason ?? "",
        ].map { tableText($0, isUTF8) }
    }
    let heading = ["NODE", "BOOTSTRAP", "SINCE", "KUBELET", "ROLES", "REASON"]
    let table = TextTable(heading, rows, columns: columns, isUTF8: isUTF8)
    return table.lines(
        tones: nodes.map { isColoured ? $0.state.tone.line : nil },
        details: nodes.map { node in
            // For a ready node, the message adds nothing to the state.
            guard node.state != .ready, let message = node.message, !message.isEmpty else { return [] }
            return [tableText(node.state == .stale ? "last report: \(message)" : message, isUTF8)]
        },
    )
}

extension ReportedNode.State {
    fileprivate var tone: StateTone {
        switch self {
        case .ready: .succeeded
        case .failed: .failed
        case .notYet: .pending
        case .unknown, .stale, .notReported, .missing: .incomplete
        }
    }
}

/// Returns the reports of nodes as one JSON object.
///
/// - Parameter nodes: The nodes.
/// - Returns: One line without a line ending.
public func reportedNodesJSON(_ nodes: [ReportedNode]) -> String {
    let items = nodes.map { node in
        var pairs: [(String, Node)] = [
            ("node", .string(node.name)), ("roles", .sequence(node.roles.map { .string($0) })),
            ("state", .string(node.state.rawValue)),
        ]
        if let since = node.since { pairs.append(("since", .string(since.description))) }
        if let reason = node.reason { pairs.append(("reason", .string(reason))) }
        if let message = node.message { pairs.append(("message", .string(message))) }
        if !node.kubeletWords.isEmpty { pairs.append(("kubelet", .string(node.kubeletWords))) }
        return Node.mapping(pairs)
    }
    let counts = Dictionary(grouping: nodes, by: \.state).mapValues(\.count)
    let summary =
        [("nodes", Node.number(nodes.count))]
        + ReportedNode.State.allCases.map { ($0.rawValue, Node.number(counts[$0] ?? 0)) }
    let object = Node.mapping([
        Node.outputVersion, ("nodes", .sequence(items)), ("summary", .mapping(summary)),
    ])
    return String(decoding: object.json(), as: UTF8.self)
}
