import Base
import Planning
import Testing

/// The plans of all nodes from one file.
@Suite(.timeLimit(.minutes(5))) struct AllNodesTests {
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

    @Test(arguments: [
        ("a b", "'a b' cannot be the name of a host"), ("a/b", "'a/b' cannot be the name of a host"),
        ("a\\\"b", "'a\"b' cannot be the name of a host"), ("", "'' cannot be the name of a host"),
        ("-a", "'-a' cannot be the name of a host"), ("a..b", "'a..b' cannot be the name of a host"),
        ("wörker", "'wörker' cannot be the name of a host"),
        ("a b*", "'a b*' cannot be a pattern of host names"), ("-*", "'-*' cannot be a pattern of host names"),
    ])
    func `a name that no host can have is reported`(name: String, message: String) {
        let all = allNodes("nodes: {\"\(name)\": {role: worker}}\ntasks: {a: {exec: {command: ls}}}\n")
        let hint = "write letters, digits, '-' and '.', as 'hostname' prints the name on the node"
        #expect(all.problems.map(\.description) == ["bootstrap.yaml:1:9: \(message); \(hint)"])
    }

    @Test func `a name may have capitals and an underscore, as that of a host`() {
        let name = "Node_1.Example.org"
        let nodes = "nodes: {\(name): {role: worker}, '*.example.org': {role: worker}}\n"
        let all = allNodes("\(nodes)tasks: {a: {exec: {command: ls}}}\n")
        #expect(all.problems.isEmpty && all.nodes.allSatisfy(\.problems.isEmpty), "\(all.problems)")
    }

    @Test func `the plans have pictures`() {
        let all = allNodes(Self.file)
        #expect(
            all.renderText() == """
                worker-0 (control-plane)
                a  exec

                cp-2 (control-plane, init)
                a     exec
                └─ b  exec

                worker-* (worker, as worker-1)
                a  exec
                c  exec

                """
        )
        #expect(
            all.renderDOT().contains(
                """
                  subgraph cluster_1 {
                    label="cp-2 (control-plane, init)";
                    "cp-2/a" [label="a\\nexec"];
                    "cp-2/b" [label="b\\nexec"];
                    "cp-2/a" -> "cp-2/b";
                  }

                """
            )
        )
        #expect(
            all.renderMermaid().contains(
                """
                  subgraph n1["cp-2 (control-plane, init)"]
                    n1t0["a<br/>exec"]
                    n1t1["b<br/>exec"]
                    n1t0 --> n1t1
                  end

                """
            )
        )
        let first =
            #"{"version":1,"nodes":[{"node":"worker-0","hostName":"worker-0","address":"10.0.0.1","#
            + #""role":"control-plane","roles":["control-plane"],"tasks":[{"task":"a","#
        #expect(all.renderJSON().hasPrefix(first))
        #expect(all.renderJSON().contains(#"{"node":"worker-*","hostName":"worker-1","role":"worker""#))
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
        let printed = all.problems.map(\.description)
        #expect(printed == ["bootstrap.yaml: no node is declared; write nodes: and below it HOST: {role: ROLE}"])
        #expect(allNodes("nodes: {a: {role: worker").problems.count == 1)
    }
}
