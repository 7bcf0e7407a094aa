import Planning
import TestSupport
import Testing

/// Many nodes.
extension ScaleTests {
    /// The processor time of something, several times one after the other.
    private func time(_ count: Int = 1, _ body: () throws -> Void) rethrows -> Duration {
        try processorTime {
            for _ in 0..<count { try body() }
        }
    }

    /// Reads a file with a number of nodes as one of them, and returns the text that is written for every node.
    private func list(of count: Int) throws -> String {
        let nodes = (0..<count).map { "  n\($0): {role: worker, address: 10.1.\($0 / 250).\($0 % 250 + 1)}\n" }.joined()
        let text = """
            nodes:
            \(nodes)
            variables: {all: {each: cluster.nodes, text: "${node.name}=${node.address}"}}
            tasks: {t: {file: {path: /a, content: "${all}"}}}
            """
        return try declarations(text, role: nil, host: "n7").variables["all"] ?? ""
    }

    @Test func `five hundred nodes take as long as ten times fifty`() throws {
        #expect(try list(of: 500).split(separator: ",").count == 500)
        // Small files with as many nodes before and after, as other tests run meanwhile.
        var few = try time(30) { _ = try list(of: 50) }
        let many = try time(6) { _ = try list(of: 500) }
        few += try time(30) { _ = try list(of: 50) }
        // With a comparison of each pair it would be ten times as long.
        #expect(many < few * 4, "\(many), and \(few) for fifty nodes")
    }

    @Test func `a hundred nodes are read as fast as a hundred times one of them`() throws {
        let nodes = (0..<100).map { "  n\($0): {role: worker, address: 10.1.0.\($0 + 1)}\n" }.joined()
        let tasks = (0..<50).map { "  t\($0): {file: {path: /\($0), content: '${all} ${node.name}'}}\n" }.joined()
        let text =
            "nodes:\n\(nodes)variables: {all: {each: cluster.nodes, text: '${node.name}=${node.address}'}}\ntasks:\n\(tasks)"
        let one = { _ = try declarations(text, role: nil, host: "n7") }
        var single = try time(10, one)
        let every = time {
            let all = AllNodes([SourceFile(path: "bootstrap.yaml", bytes: Array(text.utf8))])
            #expect(all.nodes.count == 100 && all.nodes.allSatisfy(\.problems.isEmpty))
        }
        single += try time(10, one)
        #expect(every < single * 5 * 3, "\(every), and \(single) for twenty of the nodes")
    }
}
