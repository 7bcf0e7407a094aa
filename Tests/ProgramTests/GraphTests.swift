import TestSupport
import Testing

/// The plan with the states of its tasks, on a terminal.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
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
        let coloured = try await graph(["TERM": "xterm", "NO_COLOR": nil])
        #expect(coloured.contains("\u{1b}[31mfailed \u{1b}[0m"), "\(coloured)")
        let plain = "a        changed  file  Write a\n"
        #expect(try await graph(["TERM": "xterm", "NO_COLOR": "1"]).hasPrefix(plain))
        #expect(try await graph(["TERM": "dumb", "NO_COLOR": nil]).hasPrefix(plain))
    }
}
