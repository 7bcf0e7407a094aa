public import Base
public import Planning
import YAML

/// The result of a check of all nodes.
public struct AllNodesReport: Sendable {
    private let keys: TaskFileKeys
    /// The nodes, each with the numbers of what was checked for it.
    private var nodes: [(reading: NodeReading, counts: CheckCounts)] = []
    private var found: NodeFindings
    private var warned = NodeFindings()

    /// Creates a report.
    ///
    /// - Parameters:
    ///   - common: The problems of the task files themselves.
    ///   - keys: The keys of the task files, which are named for findings in these files.
    public init(_ common: [Problem], _ keys: TaskFileKeys) {
        self.keys = keys
        found = NodeFindings(common: common)
    }

    /// Adds the findings for a node.
    public mutating func add(_ node: NodeReading, _ problems: [Problem], warnings: [Problem], _ counts: CheckCounts) {
        nodes.append((node, counts))
        found.add(node.entry.name, problems)
        warned.add(node.entry.name, warnings)
    }

    /// The problems, with the affected nodes in the message unless all nodes are affected.
    public var problems: [Problem] { found.problems }

    /// The warnings, with the affected nodes in the message unless all nodes are affected.
    public var warnings: [Problem] { warned.problems }

    /// A line for every node, and a total line, each with its line ending.
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

    /// The report as one JSON object, without a line ending.
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
