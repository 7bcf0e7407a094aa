public import Base
public import Planning
import YAML

/// What a check of all nodes has found.
public struct AllNodesReport: Sendable {
    /// One node and what was checked of it.
    private struct CheckedNode: Sendable {
        let reading: NodeReading
        let counts: CheckCounts
    }

    /// Problems in the order in which they were found, each with the nodes that have it.
    private struct Findings: Sendable {
        private(set) var order: [Problem] = []
        private(set) var nodes: [Problem: [String]] = [:]

        mutating func add(_ problems: [Problem], of node: String) {
            for problem in problems {
                if nodes[problem] == nil { order.append(problem) }
                if nodes[problem]?.last != node { nodes[problem, default: []].append(node) }
            }
        }
    }

    private var nodes: [CheckedNode] = []
    private var found = Findings()
    private var warned = Findings()
    /// What is wrong with the files whatever the node.
    private var common: [Problem]

    /// Creates a report.
    ///
    /// - Parameter common: What is wrong with the task files themselves.
    public init(_ common: [Problem]) {
        self.common = common
    }

    /// Adds what was found on a node.
    public mutating func add(_ node: NodeReading, _ problems: [Problem], warnings: [Problem], _ counts: CheckCounts) {
        nodes.append(CheckedNode(reading: node, counts: counts))
        found.add(problems.filter { !common.contains($0) }, of: node.entry.name)
        warned.add(warnings, of: node.entry.name)
    }

    /// Adds what is wrong with several nodes together.
    public mutating func add(_ problems: [Problem]) {
        common += problems
    }

    /// What is wrong, with the nodes in the message unless all have it.
    public var problems: [Problem] { Problems(common).all + found.order.map { named($0, found) } }

    /// What is not wrong yet, with the nodes in the message unless all have it.
    public var warnings: [Problem] { warned.order.map { named($0, warned) } }

    private func named(_ problem: Problem, _ findings: Findings) -> Problem {
        let names = findings.nodes[problem] ?? []
        guard names.count < nodes.count else { return problem }
        let limit = 4
        let shown = names.prefix(limit).map { "'\($0)'" }.joined(separator: ", ")
        let rest = names.count > limit ? " and \(names.count - limit) more" : ""
        var named = problem
        named.message += " (\(names.count == 1 ? "node" : "nodes") \(shown)\(rest))"
        return named
    }

    /// A line for every node, and one for all, each with its end.
    public var summary: String {
        let lines = nodes.map { node in
            let (tasks, objects) = (node.counts.tasks, node.counts.objects)
            let part = objects == 0 ? "" : ", \(objects) object\(objects == 1 ? "" : "s")"
            return "\(node.reading.title): \(tasks) task\(tasks == 1 ? "" : "s")\(part)\n"
        }
        let count = warned.order.count
        let result = count == 0 ? "nothing wrong" : "\(count) warning\(count == 1 ? "" : "s")"
        return lines.joined() + "\(nodes.count) node\(nodes.count == 1 ? "" : "s"), \(result)\n"
    }

    /// One JSON object in a line without its end.
    public var json: String {
        let all = nodes.map(\.reading.entry.name)
        func node(_ problem: Problem, _ names: [String]) -> Node {
            .mapping(problem.fields + [("nodes", .sequence(names.map { .string($0) }))])
        }
        let problems = Problems(common).all.map { node($0, all) } + found.order.map { node($0, found.nodes[$0] ?? []) }
        let warnings = warned.order.map { node($0, warned.nodes[$0] ?? []) }
        let nodes = nodes.map { node in
            let entry = node.reading.entry
            return Node.mapping([
                ("node", .string(entry.name)), ("hostName", .string(node.reading.hostName)),
                ("roles", .sequence(entry.roles.map { .string($0) })), ("tasks", .number(node.counts.tasks)),
                ("objects", .number(node.counts.objects)),
            ])
        }
        let summary: [(String, Node)] = [
            ("nodes", .number(nodes.count)), ("problems", .number(problems.count)),
            ("warnings", .number(warnings.count)),
        ]
        let object = Node.mapping([
            Node.outputVersion, ("problems", .sequence(problems)), ("warnings", .sequence(warnings)),
            ("nodes", .sequence(nodes)), ("summary", .mapping(summary)),
        ])
        return String(decoding: object.json(), as: UTF8.self)
    }
}
