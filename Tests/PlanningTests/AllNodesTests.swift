import Base
import Planning
import Testing

/// The plans of all nodes from one file.
@Suite(.timeLimit(.minutes(15))) struct AllNodesTests {
    private func allNodes(_ text: String) -> AllNodes {
        AllNodes([SourceFile(path: "bootstrap.yaml", bytes: Array(text.utf8))])
    }

    private static let file = """
        nodes:
          worker-0: {role: control-plane, address: 10.0.0.1}
          cp-2: {roles: [control-plane, init]}
          worker-*: {role: worker}
        tasks:
          a: {exec: {command: ls}}
          b: {roles: [init], after: [a], exec: {command: ls}}
          c: {roles: [worker], exec: {command: ls}}
        """

    @Test func `every node has its own plan, and a pattern that of a host that it matches`() {
        let all = allNodes(Self.file)
        #expect(all.problems.isEmpty && all.nodes.allSatisfy(\.problems.isEmpty))
        #expect(all.nodes.map(\.entry.name) == ["worker-0", "cp-2", "worker-*"])
        #expect(all.nodes.map(\.hostName) == ["worker-0", "cp-2", "worker-1"])
        #expect(all.nodes.map { $0.declarations.plan.steps.map(\.task.name) } == [["a"], ["a", "b"], ["a", "c"]])
    }

    @Test(arguments: ["a b", "a/b", "a\\\"b", "", "-a", "a..b", "wörker", "a b*", "-*"])
    func `a name that no host can have is reported`(name: String) {
        let all = allNodes("nodes: {\"\(name)\": {role: worker}}\ntasks: {a: {exec: {command: ls}}}\n")
        let kind = name.hasSuffix("*") ? "a pattern of host names" : "the name of a host"
        let expected = "1:9: '\(name.replacing("\\", with: ""))' cannot be \(kind)"
        #expect(isReported(all.problems.map(\.description).joined(separator: "\n"), expected), "\(all.problems)")
    }

    @Test func `a name may have capitals and an underscore, as that of a host`() {
        let name = "Node_1.Example.org"
        let nodes = "nodes: {\(name): {role: worker}, '*.example.org': {role: worker}}\n"
        let all = allNodes("\(nodes)tasks: {a: {exec: {command: ls}}}\n")
        #expect(all.problems.isEmpty && all.nodes.allSatisfy(\.problems.isEmpty), "\(all.problems)")
    }

    @Test func `a mistake that only one node has is found`() {
        let all = allNodes(
            """
            nodes: {a: {role: worker, variables: {disk: sda}}, b: {role: worker}}
            tasks: {t: {exec: {command: ls, args: ["${disk}"]}}}
            """
        )
        #expect(all.problems.isEmpty)
        #expect(all.nodes.map(\.problems.count) == [0, 1])
    }

    @Test func `files without nodes are wrong`() {
        let all = allNodes("tasks: {t: {exec: {command: ls}}}")
        #expect(all.nodes.isEmpty)
        #expect(all.problems.map(\.description).first?.hasPrefix("bootstrap.yaml: no node is declared;") == true)
        #expect(allNodes("nodes: {a: {role: worker").problems.count == 1)
    }
}
