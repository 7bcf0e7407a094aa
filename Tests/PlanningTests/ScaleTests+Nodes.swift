import Planning
import Testing

/// Many nodes.
extension ScaleTests {
    @Test func `five hundred nodes are written in a moment`() throws {
        let nodes = (0..<500).map { "  n\($0): {role: worker, address: 10.1.\($0 / 250).\($0 % 250 + 1)}\n" }.joined()
        let text = """
            nodes:
            \(nodes)
            variables: {all: {each: cluster.nodes, text: "${node.name}=${node.address}"}}
            tasks: {t: {file: {path: /a, content: "${all}"}}}
            """
        let clock = ContinuousClock()
        let start = clock.now
        let value = try declarations(text, role: nil, host: "n7").variables["all"] ?? ""
        #expect(value.split(separator: ",").count == 500)
        #expect(start.duration(to: clock.now) < .seconds(20))
    }

    @Test func `a hundred nodes with fifty tasks are read in a moment`() {
        let nodes = (0..<100).map { "  n\($0): {role: worker, address: 10.1.0.\($0 + 1)}\n" }.joined()
        let tasks = (0..<50).map { "  t\($0): {file: {path: /\($0), content: '${all} ${node.name}'}}\n" }.joined()
        let text =
            "nodes:\n\(nodes)variables: {all: {each: cluster.nodes, text: '${node.name}=${node.address}'}}\ntasks:\n\(tasks)"
        let clock = ContinuousClock()
        let start = clock.now
        let all = AllNodes([SourceFile(path: "bootstrap.yaml", bytes: Array(text.utf8))])
        #expect(all.nodes.count == 100 && all.nodes.allSatisfy(\.problems.isEmpty))
        #expect(start.duration(to: clock.now) < .seconds(60))
    }
}
