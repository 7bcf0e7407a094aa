public import Base

/// The result of reading the task files for one node or pattern of section `nodes`.
public struct NodeReading: Sendable {
    public let entry: Inventory.Entry

    /// The name of the node, or an example of a host name that matches the pattern.
    public let hostName: String

    public let declarations: Declarations

    public let problems: [Problem]

    /// The heading: the name, the roles and, for a pattern, the example.
    public var title: String {
        let example = hostName == entry.name ? [] : ["as \(hostName)"]
        return "\(entry.name) (\((entry.roles + example).joined(separator: ", ")))"
    }
}

/// The results of reading the task files for every entry of section `nodes`.
public struct AllNodes: Sendable {
    /// The nodes in the order of declaration, then the patterns.
    public let nodes: [NodeReading]

    /// Problems that do not depend on a node, such as invalid YAML and errors in section `nodes`.
    public let problems: [Problem]

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

extension MergedReading {
    fileprivate func inventory() -> (reader: ClusterReader, inventory: Inventory) {
        let reader = ClusterReader(files, NodeFacts(hostName: ""), collector)
        return (reader, reader.readNodes(reader.readVariables(for: [])))
    }
}

extension ClusterReader {
    /// Returns the name of a node, or an example of a host name to which the entry of a pattern applies.
    ///
    /// If every example that is tried has a more specific entry, the first example is returned.
    fileprivate func exampleHost(of entry: Inventory.Entry) -> String {
        func example(_ number: Int) -> String { entry.name.replacing("*", with: "\(number)") }
        let numbers = 0...files.nodes.entries.count + 1
        return example(numbers.first { nodeEntry(of: example($0))?.key == entry.name } ?? 0)
    }
}
