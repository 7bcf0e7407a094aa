import Host
import TestSupport
import Testing
import YAML

/// How the program is called, and what it answers without doing anything to an API server.
@Suite(.temporaryDirectory, .timeLimit(.minutes(3)))
struct ProgramTests {
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

    @Test(arguments: [["status"], ["graph"], ["--help"], ["run"], ["run", "--output", "json"]])
    func `an output that takes nothing is a failure`(arguments: [String]) async throws {
        let node = try TestNode(Self.tasks)
        let flags = arguments == ["--help"] ? "" : "--role worker --config \(node.config) --root \(node.root)"
        let result = try await shell("\"$0\" \(arguments.joined(separator: " ")) \(flags) >/dev/full", node)
        // Of a status that is incomplete that is told all the same.
        #expect(result.status == (arguments == ["status"] ? 3 : 1))
        #expect(result.errors == "nest-bootstrap: cannot write to 'output 1': No space left on device\n")
    }

    @Test func `nobody who reads any more is no failure`() async throws {
        let node = try TestNode(Self.tasks)
        let script = "{ \"$0\" \"$@\"; echo $? >&2; } | true"
        let result = try await shell(script, node, "graph", "--config", node.config)
        #expect(result.errors == "0\n")
    }

    @Test func `wrong usage is told in JSON to who asks for JSON`() async throws {
        let node = try TestNode(Self.tasks)
        let result = try await node.run("run", "--tsk", "x", "--output", "json")
        #expect(result.status == 64)
        #expect(result.errors == "")
        let message = try result.events("error").first?["message"]?.string
        #expect(message == "unknown flag '--tsk', did you mean '--task'?; see 'nest-bootstrap run --help'")
    }

    @Test func `the plan is drawn for programs`() async throws {
        let node = try TestNode(Self.tasks)
        let result = try await node.run("graph", "--role", "worker", "--output", "json")
        #expect(result.status == 0)
        let tasks = try #require(try result.output.json["tasks"]?.sequence)
        #expect(tasks.map { $0["task"]?.string } == ["first", "second", "elsewhere"])
        #expect(tasks.map { $0["after"]?.sequence?.map(\.string) } == [[], ["first"], []])
    }

    @Test func `a node without tasks has nothing to do`() async throws {
        let node = try TestNode(
            """
            nodes: {n: {role: idle}}
            tasks: {only: {roles: [worker], file: {path: /etc/a, content: x}}}
            """
        )
        let result = try await node.run("run", "--role", "idle")
        #expect(result.output == "no task to run\n")
        #expect(result.status == 0)
        let status = try await node.run("status", "--role", "idle")
        #expect(status.output == "no task for this node\n")
        #expect(status.status == 0)
        #expect(try FileSystem.list(node.root) == [])
    }

    @Test func `a dry run locks nothing and records nothing`() async throws {
        let node = try TestNode(Self.tasks)
        let result = try await node.run("run", "--role", "worker", "--dry-run")
        #expect(result.status == 0)
        #expect(try FileSystem.list(node.root) == [])
    }

    @Test func `a task goes by the name of its unit as well`() async throws {
        let node = try TestNode(Self.tasks)
        let early = try await node.run("run", "--role", "worker", "--task", "k8s-bootstrap-second.service")
        #expect(early.status == 75)
        #expect(early.errors.contains("task 'second' runs after 'first', which has not run on this boot"))
        let first = try await node.run("run", "--role", "worker", "--task", "k8s-bootstrap-first.service")
        #expect(first.output.masked == "first: /etc/first created\nfirst: changed in SOON\n1 task: 1 changed\n")
        let status = try await node.run("status", "--role", "worker", "k8s-bootstrap-first.service")
        #expect(status.status == 0)
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
        #expect(try FileSystem.exists(node.path("new/root/etc/a")))
        let status = try await shell(script, node, "status")
        #expect(status.status == 0)
        let wrong = try await shell(script, node, "status", "mvoes")
        #expect(wrong.status == 64)
        #expect(wrong.errors == "nest-bootstrap: no task is named 'mvoes'; did you mean 'moves'?\n")
    }
}
