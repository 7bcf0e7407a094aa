import TestSupport
import Testing

/// How the program is called, and what it answers without doing anything to an API server.
@Suite(.temporaryDirectory, .timeLimit(.minutes(3)))
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

    @Test(arguments: [["status"], ["graph"], ["--help"], ["run"], ["run", "--output", "json"]])
    func `an output that is full is a failure`(arguments: [String]) async throws {
        let node = try TestNode(Self.tasks)
        let flags = arguments == ["--help"] ? "" : "--role worker --config \(node.config) --root \(node.root)"
        let result = try await shell("\"$0\" \(arguments.joined(separator: " ")) \(flags) >/dev/full", node)
        // The exit code of an incomplete status stays.
        #expect(result.status == (arguments == ["status"] ? 3 : 1))
        #expect(result.errors == "nest-bootstrap: cannot write to standard output: No space left on device\n")
    }

    @Test func `a reader that is gone is not a failure`() async throws {
        let node = try TestNode(Self.tasks)
        let script = "{ \"$0\" \"$@\"; echo $? >&2; } | true"
        let result = try await shell(script, node, "graph", "--config", node.config)
        #expect(result.errors == "0\n")
    }

    @Test func `wrong usage is reported in JSON if that was requested`() async throws {
        let node = try TestNode(Self.tasks)
        let result = try await node.run("run", "--tsk", "x", "--output", "json")
        #expect(result.status == 64)
        #expect(result.errors == "")
        let message = try result.events("error").first?["message"]?.string
        #expect(message == "unknown flag '--tsk' (did you mean '--task'?); see 'nest-bootstrap run --help'")
    }

    @Test func `the plan is drawn for programs`() async throws {
        let node = try TestNode(Self.tasks)
        let result = try await node.run("graph", "--role", "worker", "--output", "json")
        #expect(result.status == 0)
        let tasks = try #require(try result.output.json["tasks"]?.sequence)
        #expect(tasks.map { $0["task"]?.string } == ["first", "second", "elsewhere"])
        #expect(tasks.map { $0["after"]?.sequence?.map(\.string) } == [[], ["first"], []])
    }

    @Test func `a node that needs no roles has an empty list of them for programs`() async throws {
        let node = try TestNode(Self.tasks)
        let result = try await node.run("rbac", "--role", "worker", "--output", "json")
        #expect(result.status == 0)
        let list = try result.output.json
        #expect(list["kind"]?.string == "List" && list["items"]?.sequence?.isEmpty == true, "\(result)")
    }

    @Test func `a node without tasks has nothing to do`() async throws {
        let node = try TestNode(
            """
            nodes: {spare: {role: idle}}
            tasks: {only: {roles: [worker], file: {path: /etc/a, content: x}}}
            """
        )
        let result = try await node.run("run", "--role", "idle")
        #expect(result.output == "no task to run\n")
        #expect(result.status == 0)
        let status = try await node.run("status", "--role", "idle")
        #expect(status.output == "no task for this node\n")
        #expect(status.status == 0)
        #expect(try Files.list(node.root) == [])
    }

    @Test func `the task file of the package has no task, and is valid on any node`() async throws {
        let text = try Files.read("\(TestCluster.sourceRoot)/bootstrap.yaml")
        let node = try TestNode(String(decoding: text, as: UTF8.self))
        let check = try await node.run("check")
        #expect(check.output == "0 tasks for this node, nothing wrong\n")
        #expect(check.status == 0)
        #expect(try await node.run("status", "--wait").status == 0)
        // Without the comment characters it is valid too. The first line is for editors.
        let example = String(decoding: text, as: UTF8.self).split(separator: "\n").dropFirst().map { line in
            line.firstMatch(of: /^# ?( *(?:[a-zA-Z-]+|HOSTNAME):.*)$/).map { String($0.output.1) } ?? String(line)
        }
        let written = try TestNode(example.joined(separator: "\n"))
        let graph = try await written.run("graph", "--role", "control-plane")
        #expect(graph.output.contains("namespaces"), "\(graph.output)\(graph.errors)")
        #expect(graph.status == 0)
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
        #expect(try await node.run("status", "--wait=200ms").status == 3)
        let waiting = try node.start(["status", "--wait=60s", "good"])
        #expect(try await node.run("run", "--task", "good").status == 0)
        #expect(await waiting.result().status == 0)
        #expect(try await node.run("run", "--task", "bad").status == 1)
        let failed = try await node.run("status", "--wait", "--output", "json")
        #expect(failed.status == 1)
        #expect(failed.output.contains(#""state":"failed","permanent":true"#), "\(failed.output)")
        // A missing file may still come: the failure is retried.
        try Files.remove(node.path("m.yaml"))
        #expect(try await node.run("run", "--task", "bad").status == 1)
        #expect(try await node.run("status", "--wait=200ms").status == 3)
        #expect(try await node.run("status").status == 1)
    }

    @Test func `a dry run locks nothing and records nothing`() async throws {
        let node = try TestNode(Self.tasks)
        let result = try await node.run("run", "--role", "worker", "--dry-run")
        #expect(result.status == 0)
        #expect(try Files.list(node.root) == [])
    }

    @Test func `a task goes by the name of its unit as well`() async throws {
        let node = try TestNode(Self.tasks)
        let early = try await node.run("run", "--role", "worker", "--task", "k8s-bootstrap-second.service")
        #expect(early.status == 75)
        #expect(early.errors.contains("task 'second' runs after 'first', which has not run on this boot"))
        let dry = try await node.run("run", "--role", "worker", "--task", "second", "--dry-run")
        #expect(dry.errors.contains("run 'nest-bootstrap run --task second --with-dependencies --dry-run "), "\(dry)")
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
        #expect(try Files.exists(node.path("new/root/etc/a")))
        let status = try await shell(script, node, "status")
        #expect(status.status == 0)
        let wrong = try await shell(script, node, "status", "mvoes")
        #expect(wrong.status == 64)
        #expect(wrong.errors == "nest-bootstrap: no task is named 'mvoes'; did you mean 'moves'?\n")
    }
}
