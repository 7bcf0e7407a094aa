public import Base

/// Problems or warnings of several nodes, each listed once with the affected nodes.
public struct NodeFindings: Sendable {
    /// A problem or warning with the affected nodes.
    struct Finding: Sendable {
        let problem: Problem
        /// The affected nodes, in the order in which they were added.
        var nodes: [String]
    }

    /// The problems that affect all nodes.
    private let common: [Problem]
    /// The problems that affect individual nodes, in the order in which they were found.
    private var found: [Finding] = []
    private var positions: [Problem: Int] = [:]
    private var nodes: [String] = []

    /// Creates a collection without nodes.
    ///
    /// - Parameter common: The problems of the task files themselves, which affect all nodes.
    public init(common: [Problem] = []) {
        self.common = Problems(common).all
    }

    /// Adds a node.
    ///
    /// - Parameters:
    ///   - node: The name of the node.
    ///   - problems: The problems found for the node.
    public mutating func add(_ node: String, _ problems: [Problem]) {
        nodes.append(node)
        for problem in problems.unique() where !common.contains(problem) {
            let index = positions[problem] ?? found.count
            if index == found.count {
                found.append(Finding(problem: problem, nodes: []))
                positions[problem] = index
            }
            found[index].nodes.append(node)
        }
    }

    /// All findings, with the problems of all nodes first.
    var all: [Finding] { common.map { Finding(problem: $0, nodes: nodes) } + found }

    /// All findings as problems, with the affected nodes in the message unless all nodes are affected.
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
