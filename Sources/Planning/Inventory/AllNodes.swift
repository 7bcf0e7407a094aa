public import Base
import YAML

/// The task files as one of their nodes reads them.
public struct NodeReading: Sendable {
    /// The node, or the pattern for several.
    public let entry: Inventory.Entry

    /// The host name as which the files were read: that of the node, or an example of the pattern.
    public let hostName: String

    /// The declarations of the files for the node.
    public let declarations: Declarations

    /// Problems of the files on the node.
    public let problems: [Problem]

    /// The node with its roles, as a heading.
    public var title: String {
        let example = hostName == entry.name ? [] : ["as \(hostName)"]
        return "\(entry.name) (\((entry.roles + example).joined(separator: ", ")))"
    }
}

/// The task files as each of their nodes reads them.
public struct AllNodes: Sendable {
    /// The nodes in the order of the files, then the patterns.
    public let nodes: [NodeReading]

    /// A second host of each pattern that has tasks with `prune`, whose objects must be the same on all hosts.
    public let secondHosts: [NodeReading]

    /// Problems of the files themselves and of section `nodes`.
    public let problems: [Problem]

    /// Reads task files as every node that they list, with the roles that they say.
    public init(_ files: [SourceFile]) {
        let merged = MergedReading(files)
        let collector = merged.collector
        let (reader, inventory) = merged.inventory()
        var nodes: [NodeReading] = []
        var secondHosts: [NodeReading] = []
        for entry in inventory.entries + inventory.patterns {
            let hosts = reader.exampleHosts(of: entry)
            // The certificates are the same for all nodes.
            let node = merged.reading(of: entry, as: hosts[0], withCertificates: nodes.isEmpty)
            nodes.append(node)
            let prunes = node.declarations.plan.steps.contains { $0.task.footprint.pruning != .never }
            if prunes, hosts.count > 1 {
                secondHosts.append(merged.reading(of: entry, as: hosts[1], withCertificates: false))
            }
        }
        if files.isEmpty || merged.files.nodes.entries.isEmpty {
            collector.addMissing(
                merged.files.location,
                "no node is declared",
                hint: "write nodes: and below it HOST: {role: ROLE}"
            )
        }
        (self.nodes, self.secondHosts) = (nodes, secondHosts)
        self.problems = Problems(collector.all).all
    }
}

/// Reads section `nodes` of task files.
///
/// - Parameter files: The task files.
/// - Returns: The nodes; none if the files have no such section.
/// - Throws: What is wrong with the section, and files that cannot be read.
public func readInventory(_ files: [SourceFile]) throws(Problems) -> Inventory {
    let merged = MergedReading(files)
    let inventory = merged.inventory().inventory
    guard merged.collector.all.isEmpty else { throw Problems(merged.collector.all) }
    return inventory
}

extension MergedReading {
    /// The nodes of the files, and their reader.
    fileprivate func inventory() -> (reader: ClusterReader, inventory: Inventory) {
        let reader = ClusterReader(files, NodeFacts(hostName: ""), collector)
        return (reader, reader.readNodes(reader.readVariables(for: [])))
    }

    /// The files as a host of an entry reads them.
    fileprivate func reading(of entry: Inventory.Entry, as host: String, withCertificates: Bool) -> NodeReading {
        let (declarations, problems) = read(NodeFacts(hostName: host), withCertificates: withCertificates)
        return NodeReading(
            entry: entry,
            hostName: host,
            declarations: declarations,
            problems: Problems(problems).all
        )
    }
}

extension ClusterReader {
    /// Host names whose entry is that of a node or pattern: one, or two of a pattern.
    fileprivate func exampleHosts(of entry: Inventory.Entry) -> [String] {
        guard let pattern = HostPattern(entry.name) else { return [entry.name] }
        let examples = (0...files.nodes.entries.count + 1).lazy.map(pattern.example)
        let found = Array(examples.filter { nodeEntry(of: $0)?.key == entry.name }.prefix(2))
        return found.isEmpty ? [pattern.example(0)] : found
    }
}
