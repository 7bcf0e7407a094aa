public import Base

/// Problems or warnings of several nodes, each once and with the nodes that have it.
public struct NodeFindings: Sendable {
    /// A problem or warning.
    struct Finding: Sendable {
        /// The problem.
        let problem: Problem
        /// The nodes that have it, in the order in which they were added.
        var nodes: [String]
    }

    /// Problems of any node.
    private var common: [Problem]
    /// Problems of some nodes, in the order in which they were found.
    private var found: [Finding] = []
    private var positions: [Problem: Int] = [:]
    private var nodes: [String] = []

    /// Creates a collection without nodes.
    ///
    /// - Parameter common: What is wrong with the task files themselves, and so on all nodes.
    public init(common: [Problem] = []) {
        self.common = Problems(common).all
    }

    /// Adds what is wrong with all nodes together.
    ///
    /// - Parameter problems: What was found, after all nodes were added.
    public mutating func add(common problems: [Problem]) { common = Problems(common + problems).all }

    /// Adds a node.
    ///
    /// - Parameters:
    ///   - node: Its name.
    ///   - problems: What was found on it.
    public mutating func add(_ node: String, _ problems: [Problem]) {
        nodes.append(node)
        for problem in problems where !common.contains(problem) {
            if let position = positions[problem] {
                if found[position].nodes.last != node { found[position].nodes.append(node) }
            } else {
                positions[problem] = found.count
                found.append(Finding(problem: problem, nodes: [node]))
            }
        }
    }

    /// Everything that was found, what is wrong on all nodes first.
    var all: [Finding] { common.map { Finding(problem: $0, nodes: nodes) } + found }

    /// Everything that was found, with the nodes in the message unless all have it.
    public var problems: [Problem] {
        common
            + found.map { finding in
                guard finding.nodes.count < nodes.count else { return finding.problem }
                let names = shortList(finding.nodes.map { "'\($0)'" })
                var named = finding.problem
                named.message += " (\(finding.nodes.count == 1 ? "node" : "nodes") \(names))"
                return named
            }
    }
}
