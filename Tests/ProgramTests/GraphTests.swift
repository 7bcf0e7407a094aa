import TestSupport
import Testing

/// The plan with the states of its tasks.
@Suite(.temporaryDirectory, .timeLimit(.minutes(3)))
struct GraphTests {
    /// A node on which tasks have changed something, failed, and been skipped, and one has not run.
    private func node() async throws -> TestNode {
        let tasks = """
            tasks:
              a: {description: Write a, file: {path: /etc/a, content: x}}
              b: {after: [a], exec: {command: "false"}}
              c: {after: [a, b], exec: {command: "true"}}

            """
        let node = try TestNode(tasks)
        #expect(try await node.run("run").status == 1)
        try node.write("\(tasks)  d: {exec: {command: \"true\"}}\n", to: "bootstrap.yaml")
        return node
    }

    @Test func `the text has the states that status has`() async throws {
        let node = try await node()
        let graph = try await node.start(["graph", "--status"], environment: ["LC_ALL": "C.UTF-8"]).result()
        #expect(graph.status == 0)
        #expect(graph.errors == "")
        #expect(
            graph.output == """
                a        changed  file  Write a
                └─ b     failed   exec
                   └─ c  skipped  exec  (also after a)
                d        not yet  exec

                """
        )
        let status = try await node.run("status", "-o", "json").output.json["tasks"]?.sequence ?? []
        let tasks = try await node.run("graph", "--status", "-o", "json").output.json["tasks"]?.sequence ?? []
        #expect(tasks.map { $0["state"]?.string } == ["changed", "failed", "skipped", "not yet"])
        #expect(tasks.map { $0["state"]?.string } == status.map { $0["state"]?.string })
    }

    @Test func `without the flag there is no state`() async throws {
        let node = try await node()
        for format in ["text", "dot", "mermaid", "svg"] {
            let graph = try await node.run("graph", "--format", format)
            #expect(graph.status == 0)
            #expect(!graph.output.contains("changed"), "\(format)")
        }
        #expect(try await node.run("graph", "-o", "json").output.json["tasks"]?[0]?["state"] == nil)
    }

    @Test func `pictures for other programs have the states`() async throws {
        let node = try await node()
        let dot = try await node.run("graph", "--status", "--format", "dot")
        #expect(dot.outputLines.contains { $0.hasPrefix(#"  "b" [label="b\nexec\nfailed", style=filled, "#) })
        let statement = #/ {2}"\w+" (\[label="[^"]+"(, \w+=(\w+|"\#\w+"))*\]|-> "\w+");/#
        for line in dot.outputLines.dropFirst(3).dropLast() {
            #expect(line.wholeMatch(of: statement) != nil, "\(line)")
        }
        let mermaid = try await node.run("graph", "--status", "--format", "mermaid")
        #expect(mermaid.outputLines.contains("  t1[\"b<br/>exec<br/>failed\"]"))
        #expect(mermaid.outputLines.contains("  class t1 failed"))
    }

    @Test func `the picture is XML and has the states`() async throws {
        let node = try await node()
        let picture = try await node.run("graph", "--status", "--format", "svg", environment: ["LC_ALL": "C"])
        #expect(picture.status == 0)
        let script = """
            import sys, xml.dom.minidom
            for text in xml.dom.minidom.parse(sys.stdin.buffer).getElementsByTagName("text"):
                print(text.firstChild.data)
            """
        let texts = try await Tool.run("python3", ["-c", script], input: picture.output)
        #expect(
            texts.output == """
                Plan
                4 tasks: 1 changed, 1 failed, 1 not run yet, 1 skipped
                a
                file
                changed
                b
                exec
                failed
                c
                exec
                skipped
                d
                exec
                not yet
                An arrow leads from a task to one that runs after it.
                1 dependency that follows from others has no arrow.

                """
        )
    }

    @Test func `a terminal has colours unless they are refused`() async throws {
        let node = try await node()
        let script = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"
        let shell = "stty cols 60; exec \"$0\" graph --status --config \"$1\" --root \"$2\""
        func graph(_ environment: [String: String?]) async throws -> String {
            let arguments = ["-c", script, "sh", "-c", shell, TestNode.program, node.config, node.root]
            let inherited: [String: String?] = ["LC_ALL": "C.UTF-8", "JOURNAL_STREAM": nil, "NEST_ROLE": nil]
            let variables = inherited.merging(environment) { _, new in new }
            let result = try await Tool.run("python3", arguments, environment: variables)
            #expect(result.status == 0)
            return result.output.replacing("\r\n", with: "\n")
        }
        #expect(
            try await graph(["TERM": "xterm", "NO_COLOR": nil]) == """
                a        \u{1b}[32mchanged\u{1b}[0m  file  Write a
                └─ b     \u{1b}[31mfailed \u{1b}[0m  exec
                   └─ c  skipped  exec  (also after a)
                d        not yet  exec

                """
        )
        let plain = "a        changed  file  Write a\n"
        #expect(try await graph(["TERM": "xterm", "NO_COLOR": "1"]).hasPrefix(plain))
        #expect(try await graph(["TERM": "dumb", "NO_COLOR": nil]).hasPrefix(plain))
    }

    @Test func `a record that cannot be read is an unknown state`() async throws {
        let node = try TestNode("tasks: {a: {exec: {command: ls}}}\n")
        try Files.makeDirectories(node.written("/run/nest-bootstrap/tasks/a/record.json"))
        let graph = try await node.run("graph", "--status")
        #expect(graph.status == 0)
        #expect(graph.output == "a  unknown  exec\n")
    }
}
