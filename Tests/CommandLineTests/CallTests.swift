import TestSupport
import Testing

/// Output and exit codes of calls that change nothing on an API server.
@Suite(.temporaryDirectory, .timeLimit(.minutes(5)))
struct CallTests {
    private static let tasks = """
        tasks:
          first: {file: {path: /etc/first, content: x}}
          second: {after: [first], file: {path: /etc/second, content: text}}
          elsewhere: {roles: [worker], file: {path: /etc/third, content: z}}
        """

    @Test func `wrong usage is reported in JSON if that was requested`() async throws {
        let node = try TestNode(Self.tasks)
        let result = await node.call("run", "--tsk", "x", "--output", "json")
        #expect(result.status == 64)
        #expect(result.errors == "")
        let message = try result.events("error").first?["message"]?.string
        #expect(message == "unknown flag '--tsk' (did you mean '--task'?); see 'nest-bootstrap run --help'")
    }

    @Test func `the plan is drawn for programs`() async throws {
        let node = try TestNode(Self.tasks)
        let result = await node.call("graph", "--role", "worker", "--output", "json")
        #expect(result.status == 0)
        let tasks = try #require(try result.output.json["tasks"]?.sequence)
        #expect(tasks.map { $0["task"]?.string } == ["first", "second", "elsewhere"])
        #expect(tasks.map { $0["after"]?.sequence?.map(\.string) } == [[], ["first"], []])
    }

    @Test func `a node that needs no roles has an empty list of them for programs`() async throws {
        let node = try TestNode(Self.tasks)
        let result = await node.call("rbac", "--role", "worker", "--output", "json")
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
        let result = await node.call("run", "--role", "idle")
        #expect(result.output == "no task to run\n")
        #expect(result.status == 0)
        let status = await node.call("status", "--role", "idle")
        #expect(status.output == "no task for this node\n")
        #expect(status.status == 0)
        #expect(try Files.list(node.root) == [])
    }

    @Test func `the task file of the package has no task, and is valid on any node`() async throws {
        let text = try Files.read("\(TestCluster.sourceRoot)/bootstrap.yaml")
        let node = try TestNode(String(decoding: text, as: UTF8.self))
        let check = await node.call("check")
        #expect(check.output == "0 tasks for this node, nothing wrong\n")
        #expect(check.status == 0)
        #expect(await node.call("status", "--wait=10m").status == 0)
        // Without the comment characters it is valid too. The first line is for editors.
        let example = String(decoding: text, as: UTF8.self).split(separator: "\n").dropFirst().map { line in
            line.firstMatch(of: /^# ?( *(?:[a-zA-Z-]+|HOSTNAME):.*)$/).map { String($0.output.1) } ?? String(line)
        }
        let written = try TestNode(example.joined(separator: "\n"))
        let graph = await written.call("graph", "--role", "control-plane")
        #expect(graph.output.contains("namespaces"), "\(graph.output)\(graph.errors)")
        #expect(graph.status == 0)
    }

    @Test func `a dry run locks nothing and records nothing`() async throws {
        let node = try TestNode(Self.tasks)
        let result = await node.call("run", "--role", "worker", "--dry-run")
        #expect(result.status == 0)
        #expect(try Files.list(node.root) == [])
    }

    @Test func `a task goes by the name of its unit as well`() async throws {
        let node = try TestNode(Self.tasks)
        let early = await node.call("run", "--role", "worker", "--task", "k8s-bootstrap-second.service")
        #expect(early.status == 75)
        #expect(early.errors.contains("task 'second' runs after 'first', which has not run on this boot"))
        let dry = await node.call("run", "--role", "worker", "--task", "second", "--dry-run")
        #expect(dry.errors.contains("run 'nest-bootstrap run --task second --with-dependencies --dry-run "), "\(dry)")
        let first = await node.call("run", "--role", "worker", "--task", "k8s-bootstrap-first.service")
        #expect(first.output.masked == "first: /etc/first created\nfirst: changed in SOON\n1 task: 1 changed\n")
        let status = await node.call("status", "--role", "worker", "k8s-bootstrap-first.service")
        #expect(status.status == 0)
    }
}
