public import Base
public import Planning

/// The result of `check --all-nodes`.
public struct AllNodesReport: Sendable {
    private let keys: TaskFileKeys
    /// The nodes, each with the numbers of its checked tasks and objects.
    private var nodes: [(reading: NodeReading, counts: CheckCounts)] = []
    private var found: NodeFindings
    private var warned = NodeFindings()

    /// Creates a report with the problems of the task files themselves.
    ///
    /// In JSON, a finding in a task file contains the key at its location.
    public init(_ common: [Problem], _ keys: TaskFileKeys) {
        self.keys = keys
        found = NodeFindings(common: common)
    }

    public mutating func add(_ node: NodeReading, _ problems: [Problem], warnings: [Problem], _ counts: CheckCounts) {
        nodes.append((node, counts))
        found.add(node.entry.name, problems)
        warned.add(node.entry.name, warnings)
    }

    /// The problems, with the affected nodes in the message unless all nodes are affected.
    public var problems: [Problem] { found.problems }

    public var warnings: [Problem] { warned.problems }

    /// A line for every node, a note if objects are unchecked, and a total line, each with its line ending.
    public var summary: String {
        let lines = nodes.map { node in
            let (tasks, objects) = (node.counts.tasks, node.counts.objects)
            let part = objects == 0 ? "" : ", \(objects) object\(objects == 1 ? "" : "s")"
            return "\(node.reading.title): \(tasks) task\(tasks == 1 ? "" : "s")\(part)\n"
        }
        let count = warned.all.count
        let result = count == 0 ? "nothing wrong" : "\(count) warning\(count == 1 ? "" : "s")"
        let note = nodes.first { $0.counts.uncheckedObjects > 0 }?.counts.schemaNote ?? ""
        return lines.joined() + note + "\(nodes.count) node\(nodes.count == 1 ? "" : "s"), \(result)\n"
    }

    public var json: String {
        func node(_ finding: NodeFindings.Finding) -> Node {
            .known(finding.problem.fields(keys) + [("nodes", .strings(finding.nodes))])
        }
        let problems = found.all.map(node)
        let warnings = warned.all.map(node)
        let nodes = nodes.map { node in
            let entry = node.reading.entry
            let fields: [(String, Node?)] = [
                ("node", .string(entry.name)), ("hostName", .string(node.reading.hostName)),
                ("roles", .strings(entry.roles)),
            ]
            return Node.known(fields + node.counts.fields)
        }
        let summary: [(String, Node)] = [
            ("nodes", .number(nodes.count)), ("problems", .number(problems.count)),
            ("warnings", .number(warnings.count)),
        ]
        return Node.output([
            ("problems", .sequence(problems)), ("warnings", .sequence(warnings)), ("nodes", .sequence(nodes)),
            ("summary", .mapping(summary)),
        ])
    }
}

/// Problems or warnings of several nodes, each listed once with the affected nodes.
struct NodeFindings: Sendable {
    struct Finding: Sendable {
        let problem: Problem
        /// The affected nodes, in the order in which they were added.
        var nodes: [String]
    }

    private let common: [Problem]
    /// The findings about nodes, in the order in which they were added.
    private var found: [Finding] = []
    private var positions: [Problem: Int] = [:]
    private var nodes: [String] = []

    /// Creates a collection of the problems in the task files themselves, without nodes.
    init(common: [Problem] = []) {
        self.common = Problems(common).all
    }

    mutating func add(_ node: String, _ problems: [Problem]) {
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

    var all: [Finding] { common.map { Finding(problem: $0, nodes: nodes) } + found }

    var problems: [Problem] {
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
