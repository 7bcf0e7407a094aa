import TestSupport
import Testing

/// The plan with the states of its tasks.
@Suite(.temporaryDirectory, .timeLimit(.minutes(5)))
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
        #expect(await node.call("run").status == 1)
        try node.write("\(tasks)  d: {exec: {command: \"true\"}}\n", to: "bootstrap.yaml")
        return node
    }

    @Test func `the text has the states that status has`() async throws {
        let node = try await node()
        let graph = await node.call(["graph", "--status"], environment: ["LC_ALL": "C.UTF-8"])
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
        let status = try await node.call("status", "-o", "json").output.json["tasks"]?.sequence ?? []
        let tasks = try await node.call("graph", "--status", "-o", "json").output.json["tasks"]?.sequence ?? []
        #expect(tasks.map { $0["state"]?.string } == ["changed", "failed", "skipped", "not yet"])
        #expect(tasks.map { $0["state"]?.string } == status.map { $0["state"]?.string })
    }

    @Test func `without the flag there is no state`() async throws {
        let node = try await node()
        for format in ["text", "dot", "mermaid"] {
            let graph = await node.call("graph", "--output", format)
            #expect(graph.status == 0)
            #expect(!graph.output.contains("changed"), "\(format)")
        }
        #expect(try await node.call("graph", "-o", "json").output.json["tasks"]?[0]?["state"] == nil)
    }

    @Test func `a record that cannot be read is an unknown state`() async throws {
        let node = try TestNode("tasks: {a: {exec: {command: ls}}}\n")
        try Files.makeDirectories(node.written("/run/nest-bootstrap/tasks/a/record.json"))
        let graph = await node.call("graph", "--status")
        #expect(graph.status == 0)
        #expect(graph.output == "a  unknown  exec\n")
    }
}
