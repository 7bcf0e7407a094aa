public import Base
public import Host
public import Planning

/// A check of whether this machine can reach the TCP ports that the task files declare for other nodes.
///
/// The first and the last port of a range are tried. A port without a listener counts as reached, because its node
/// answers. UDP ports are not tried, because UDP has no answer that would show whether a port is reached.
public struct PortCheck: Sendable {
    /// A function that tries ports and returns an answer for each port, `nil` for a port that was not tried in time.
    public typealias Attempt = @Sendable ([TCPPort]) async throws(SystemError) -> [PortAnswer?]

    /// A port to try, and the declared range that contains the port.
    private struct Port: Hashable {
        let port: TCPPort
        let range: PortRange
    }

    /// A node and the ports that should be reachable on it.
    private struct Node {
        let entry: Inventory.Entry
        let address: IPAddress
        let ports: [Port]

        var subject: String { "\(address) ('\(entry.name)')" }
    }

    /// A set of unreachable ports with the reason, which several nodes may have in common.
    private struct Finding: Hashable {
        /// The ports, as messages list them.
        let ports: String
        /// The device that rejects connections, `nil` if nothing answers.
        let rejecting: Rejecting?

        enum Rejecting: Hashable {
            case node
            case other(IPAddress)
        }
    }

    private static let timeLimit = Duration.seconds(2)
    private static let totalLimit = Duration.seconds(20)

    private let nodes: [Node]
    private let attempt: Attempt

    /// Creates a check of the ports that task files name.
    ///
    /// - Parameters:
    ///   - declarations: The declarations of the task files.
    ///   - hasRoute: Whether this machine has a route to an address; the ports of an address without a route are not
    ///     tried.
    ///   - attempt: The function that tries the ports.
    public init(
        _ declarations: Declarations,
        hasRoute: (IPAddress) -> Bool,
        attempt: @escaping Attempt = Self.answers,
    ) {
        let others = declarations.nodes.entries.filter { $0.name != declarations.hostName }
        let isListed = declarations.nodes.lists(declarations.hostName)
        nodes = (isListed ? others : []).compactMap { entry in
            guard let address = entry.address else { return nil }
            let ranges = declarations.cluster.ports(for: entry.roles).filter { $0.transport == .tcp }
            guard !ranges.isEmpty, hasRoute(address) else { return nil }
            let ports = ranges.flatMap { range in
                (range.first == range.last ? [range.first] : [range.first, range.last]).map {
                    Port(port: TCPPort(address, $0), range: range)
                }
            }
            return Node(entry: entry, address: address, ports: ports)
        }
        self.attempt = attempt
    }

    /// Connects to ports, within the time limits of a check.
    ///
    /// - Throws: ``Base/SystemError`` if the system has no socket left, or the task is cancelled.
    public static func answers(of ports: [TCPPort]) async throws(SystemError) -> [PortAnswer?] {
        try await PortAnswer.answers(of: ports, within: timeLimit, until: .now + totalLimit)
    }

    /// Tries the ports, if the task files list this node.
    ///
    /// - Returns: One warning for all nodes that do not answer at all, and one for each set of ports that are not
    ///   reached.
    public func warnings() async -> [Problem] {
        guard !nodes.isEmpty else { return [] }
        let ports = nodes.flatMap(\.ports).map(\.port).unique()
        do throws(SystemError) {
            let answers = try await attempt(ports)
            return warnings(Dictionary(zip(ports, answers)) { first, _ in first }.compactMapValues(\.self))
        } catch {
            return [Problem(.blockedConnection, "\(error)", hint: error.advice)]
        }
    }

    private func warnings(_ answers: [TCPPort: PortAnswer]) -> [Problem] {
        var silent: [Node] = []
        var findings: [(finding: Finding, nodes: [Node])] = []
        var untriedCount = 0
        for node in nodes {
            let found = node.ports.compactMap { answers[$0.port] }
            untriedCount += node.ports.count - found.count
            if !found.isEmpty, found.allSatisfy(\.isSilence) {
                silent.append(node)
                continue
            }
            for finding in self.findings(node, answers) {
                if let index = findings.firstIndex(where: { $0.finding == finding }) {
                    findings[index].nodes.append(node)
                } else {
                    findings.append((finding, [node]))
                }
            }
        }
        return [silence(silent)].compactMap(\.self) + findings.map { problem($0.finding, $0.nodes) }
            + [incompleteness(untriedCount)].compactMap(\.self)
    }

    /// Returns the ports of a node that are not reached, grouped by reason.
    private func findings(_ node: Node, _ answers: [TCPPort: PortAnswer]) -> [Finding] {
        var order: [Finding.Rejecting?] = []
        var ports: [Finding.Rejecting?: [Port]] = [:]
        for port in node.ports {
            let rejecting: Finding.Rejecting?
            switch answers[port.port] {
            case .reached, nil: continue
            case .nothing, .absent: rejecting = nil
            case .rejected(let address): rejecting = address == node.address ? .node : .other(address)
            }
            if ports[rejecting] == nil { order.append(rejecting) }
            ports[rejecting, default: []].append(port)
        }
        return order.map { Finding(ports: Self.text(ports[$0] ?? [], of: node), rejecting: $0) }
    }

    /// Formats ports, with a declared range in place of its two ends if both ends are among the ports.
    private static func text(_ ports: [Port], of node: Node) -> String {
        var texts: [String] = []
        for port in ports {
            let isWhole = node.ports.filter { $0.range == port.range }.allSatisfy(ports.contains)
            let text = isWhole ? "\(port.range)" : "\(PortRange(port.port.port, port.port.port, .tcp))"
            if !texts.contains(text) { texts.append(text) }
        }
        return texts.joined(separator: ", ")
    }

    /// Reports nodes that answer on no port and may be switched off.
    private func silence(_ nodes: [Node]) -> Problem? {
        guard let first = nodes.first else { return nil }
        return Problem(
            .blockedConnection,
            "no TCP port of 'cluster.ports' answers within \(Self.timeLimit.text) at \(shortList(nodes.map(\.subject)))",
            at: first.entry.location,
            hint:
                "see 'ping \(first.address)'; if the node runs, allow the ports in the firewall there, or in one on the way"
        )
    }

    private func problem(_ finding: Finding, _ nodes: [Node]) -> Problem {
        let subjects = shortList(nodes.map(\.subject))
        let (ports, limit) = (finding.ports, Self.timeLimit.text)
        let (message, place) =
            switch finding.rejecting {
            case nil:
                (
                    "no answer within \(limit) from \(subjects) at \(ports)",
                    "in the firewall there, or in one on the way"
                )
            case .node: ("connections to \(ports) are rejected by the firewall of \(subjects)", "there")
            case .other(let address):
                ("a firewall at \(address) rejects connections from this machine to \(subjects) at \(ports)", "there")
            }
        return Problem(.blockedConnection, message, at: nodes.first?.entry.location, hint: "allow \(ports) \(place)")
    }

    /// Reports how many ports were not tried within the time limit.
    private func incompleteness(_ count: Int) -> Problem? {
        guard count > 0 else { return nil }
        return Problem(
            .blockedConnection,
            "\(count) ports of other nodes were not tried within \(Self.totalLimit.components.seconds) seconds",
            hint: "run 'nest-bootstrap check' again when more nodes answer"
        )
    }
}
