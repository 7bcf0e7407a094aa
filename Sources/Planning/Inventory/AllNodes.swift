public import Base

/// The result of reading the task files from the point of view of one node that the files list.
public struct NodeReading: Sendable {
    /// The entry in section `nodes`: the node, or a pattern for several nodes.
    public let entry: Inventory.Entry

    /// The host name used for the reading: the node's name, or an example that matches the pattern.
    public let hostName: String

    /// The declarations of the files for the node.
    public let declarations: Declarations

    /// Problems found while reading the files for the node.
    public let problems: [Problem]

    /// The node with its roles, as a heading.
    public var title: String {
        let example = hostName == entry.name ? [] : ["as \(hostName)"]
        return "\(entry.name) (\((entry.roles + example).joined(separator: ", ")))"
    }
}

/// The results of reading the task files for every node that the files list.
public struct AllNodes: Sendable {
    /// The nodes in the order of the files, then the patterns.
    public let nodes: [NodeReading]

    /// Problems in the files themselves and in section `nodes`.
    public let problems: [Problem]

    /// Reads task files for every node that the files list, with the roles of the node in the files.
    public init(_ files: [SourceFile]) {
        let merged = MergedReading(files)
        let collector = merged.collector
        let (reader, inventory) = merged.inventory()
        var nodes: [NodeReading] = []
        for entry in inventory.entries + inventory.patterns {
            let host = reader.exampleHost(of: entry)
            // Certificates are checked only once because they are the same for all nodes.
            let read = merged.read(NodeFacts(hostName: host), withCertificates: nodes.isEmpty)
            let problems = Problems(read.problems).all
            nodes.append(
                NodeReading(entry: entry, hostName: host, declarations: read.declarations, problems: problems)
            )
        }
        if files.isEmpty || merged.files.nodes.entries.isEmpty {
            collector.addMissing(
                merged.files.location,
                "no node is declared",
                hint: "write nodes: and below it HOST: {role: ROLE}"
            )
        }
        self.nodes = nodes
        self.problems = Problems(collector.all).all
    }
}

/// Reads section `nodes` of task files.
///
/// - Parameter files: The task files.
/// - Returns: The nodes, empty if the files have no such section.
/// - Throws: Every problem in the section, and every problem that prevents a file from being read.
public func readInventory(_ files: [SourceFile]) throws(Problems) -> Inventory {
    let merged = MergedReading(files)
    let inventory = merged.inventory().inventory
    guard merged.collector.all.isEmpty else { throw Problems(merged.collector.all) }
    return inventory
}

extension MergedReading {
    /// Reads the nodes of the files, and returns them with their reader.
    fileprivate func inventory() -> (reader: ClusterReader, inventory: Inventory) {
        let reader = ClusterReader(files, NodeFacts(hostName: ""), collector)
        return (reader, reader.readNodes(reader.readVariables(for: [])))
    }
}

extension ClusterReader {
    /// Returns the host name of a node, or an example host name for a pattern.
    ///
    /// An example matches no more specific entry, unless more specific entries match all examined host names.
    fileprivate func exampleHost(of entry: Inventory.Entry) -> String {
        func example(_ number: Int) -> String { entry.name.replacing("*", with: "\(number)") }
        let numbers = 0...files.nodes.entries.count + 1
        return example(numbers.first { nodeEntry(of: example($0))?.key == entry.name } ?? 0)
    }
}
