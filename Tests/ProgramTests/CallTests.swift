import TestSupport
import Testing

/// How the program is called: its outputs, its working directory, and a call beside it.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct CallTests {
    private static let tasks = """
        tasks:
          first: {file: {path: /etc/first, content: x}}
          second: {after: [first], file: {path: /etc/second, content: text}}
          elsewhere: {roles: [worker], file: {path: /etc/third, content: z}}
        """

    /// Runs the program by a shell, which sees it as `$0` and its arguments as `$@`.
    private func shell(_ script: String, _ node: TestNode, _ arguments: String...) async throws -> ToolResult {
        let words = ["-c", script, TestNode.program] + arguments
        return try await Tool.run("sh", words, environment: ["NEST_ROLE": "control-plane", "JOURNAL_STREAM": nil])
    }

    @Test(arguments: [["status"], ["--help"], ["run", "--output", "json"]])
    func `an output that is full is a failure`(arguments: [String]) async throws {
        let node = try TestNode(Self.tasks)
        let flags = arguments == ["--help"] ? "" : "--role worker --config \(node.config) --root \(node.root)"
        let result = try await shell("\"$0\" \(arguments.joined(separator: " ")) \(flags) >/dev/full", node)
        // The exit code of an incomplete status stays.
        #expect(result.status == (arguments == ["status"] ? 3 : 1))
        #expect(result.errors == "nest-bootstrap: cannot write to standard output: No space left on device\n")
    }

    @Test func `a diff whose output is full could not compare everything`() async throws {
        let node = try TestNode("tasks: {other: {file: {path: /etc/c, content: x}}}\n")
        let script = "\"$0\" diff --config '\(node.config)' --root '\(node.root)' other >/dev/full"
        let full = try await Tool.run("sh", ["-c", script, TestNode.program], environment: ["JOURNAL_STREAM": nil])
        #expect(full.status == 2)
    }

    @Test func `a reader that is gone is not a failure`() async throws {
        let node = try TestNode(Self.tasks)
        let script = "{ \"$0\" \"$@\"; echo $? >&2; } | true"
        let result = try await shell(script, node, "graph", "--config", node.config)
        #expect(result.errors == "0\n")
    }

    @Test func `status waits until the tasks have succeeded, one has failed for good, or time is up`() async throws {
        let node = try TestNode(
            """
            tasks:
              good: {file: {path: /etc/a, content: x}}
              bad: {apply: {kubeconfig: /nowhere, manifests: [m.yaml]}}
            """
        )
        try node.write("kind: [\n", to: "m.yaml")
        let early = try await node.run("status", "--wait=200ms")
        #expect(early.status == 3)
        #expect(early.errors == "nest-bootstrap: timed out after 200ms waiting for 'good' and 'bad'\n")
        let waiting = try node.start(["status", "--wait=10m", "good"])
        #expect(try await node.run("run", "--task", "good").status == 0)
        #expect(await waiting.result().status == 0)
        #expect(try await node.run("run", "--task", "bad").status == 1)
        let failed = try await node.run("status", "--wait=10m", "--output", "json")
        #expect(failed.status == 1)
        #expect(failed.output.contains(#""state":"failed","permanent":true"#), "\(failed.output)")
        // A missing file may still come: the failure is retried.
        try Files.remove(node.path("m.yaml"))
        #expect(try await node.run("run", "--task", "bad").status == 1)
        #expect(try await node.run("status", "--wait=200ms").status == 3)
        #expect(try await node.run("status").status == 1)
    }

    @Test func `relative paths count from where the program is called`() async throws {
        let node = try TestNode(
            """
            tasks:
              writes: {file: {path: /etc/a, content: x}}
              moves: {after: [writes], exec: {command: sh, args: [-c, 'cd / && cat $NEST_ROOT/etc/a']}}
            """
        )
        let script = "cd '\(node.directory)' && exec \"$0\" \"$@\" --config ./bootstrap.yaml --root new/root/"
        let run = try await shell(script, node, "run")
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.outputLines.contains("moves: | x"))
        #expect(try Files.exists(node.path("new/root/etc/a")))
        let status = try await shell(script, node, "status")
        #expect(status.status == 0)
        let wrong = try await shell(script, node, "status", "mvoes")
        #expect(wrong.status == 64)
        #expect(wrong.errors == "nest-bootstrap: no task is named 'mvoes'; did you mean 'moves'?\n")
    }
}
