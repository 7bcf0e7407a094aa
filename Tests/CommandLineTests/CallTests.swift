import TestSupport
import Testing

/// Output and exit codes of calls that change nothing on an API server.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
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

    @Test func `a node that needs no roles is told so`() async throws {
        let node = try TestNode(Self.tasks)
        let result = await node.call("rbac", "--role", "worker")
        #expect(result.status == 0)
        #expect(result.output == "" && result.errors.contains("so it needs no roles"), "\(result)")
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

    @Test func `a task goes by the name of its unit as well`() async throws {
        let node = try TestNode(Self.tasks)
        let preview = await node.call("run", "--role", "worker", "--dry-run")
        #expect(preview.status == 0)
        // It has locked and recorded nothing.
        #expect(try Files.list(node.root) == [])
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

    @Test(arguments: ["10-u.yml", "10-u.YAML", "10-u.json"])
    func `a drop-in by another ending is reported, as it is not read`(name: String) async throws {
        let node = try TestNode("tasks: {t: {exec: {command: ls}}}\n")
        try node.write("tasks: {u: {}}\n", to: "bootstrap.d/\(name)")
        let result = await node.call("check")
        #expect(result.status == 78)
        #expect(
            result.errors.hasPrefix("\(node.path("bootstrap.d/\(name)")): would have no effect"),
            "\(result.errors)"
        )
    }

    static let file = """
        cluster:
          certificateAuthority: k8s-ca.crt
          servers: http://10.20.0.5:6443
        variabels: {podCIDR: 10.244.0.0/16}
        variables: {podCIDR: 10.244.0.0/16}
        tasks:
          admin:
            roles: [contol-plane]
            kubeconfig: {path: etc/admin.kubeconfig, user: admin, certificate: a.crt}
          ipam:
            symlnk: {path: /opt/cni/bin/calico-ipam, target: /usr/bin/calico}
          rbac:
            after: [admn]
            timeout: 10
            apply: {kubeconfig: /etc/admin.kubeconfig, manifests: ["rbac/${podCDIR}"]}
          one: {after: [two], exec: {command: "true"}}
          two: {after: [one], exec: {command: "true"}}
        """

    /// The places of the mistakes.
    private static let places = [
        "3:12", "4:1", "8:13", "9:5", "9:24", "11:5", "13:13", "14:14", "15:60", "16:17",
    ]

    @Test(arguments: ["run", "check", "graph", "status"])
    func `all mistakes are reported together, each with its location`(command: String) async throws {
        let node = try TestNode(Self.file)
        let result = await node.call(command)
        #expect(result.status == 78)
        #expect(result.output == "")
        let lines = result.errorLines.map { $0.replacing("\(node.config):", with: "") }
        #expect(lines.map { $0.split(separator: ": ").first.map(String.init) } == Self.places, "\(result.errors)")
        #expect(lines.contains("11:5: unknown key 'symlnk' in task 'ipam'; did you mean 'symlink'?"))
    }

    @Test func `programs read the same in JSON`() async throws {
        let node = try TestNode(Self.file)
        let result = await node.call("run", "--output", "json")
        #expect(result.status == 78)
        #expect(result.errors == "")
        let events = try result.events("error")
        let places = events.map { "\($0["place"]?["line"]?.integer ?? 0):\($0["place"]?["column"]?.integer ?? 0)" }
        #expect(places == Self.places)
        #expect(events.contains { $0["hint"]?.string == "did you mean 'symlink'?" })
    }

    @Test func `a task file and its drop-ins are read together`() async throws {
        let node = try TestNode("tasks:\n  one: {exec: {command: 'true'}}\n  two: {exec: {command: 'true'}}\n")
        try node.write("tasks: {two: {enable: false}}\n", to: "bootstrap.d/10-first.yaml")
        try node.write("tasks: {one: {exec: {command: echo, args: [dropped in]}}}\n", to: "bootstrap.d/20-second.yaml")
        try node.write("no yaml: [", to: "bootstrap.d/notes.txt")
        let result = await node.call("run")
        #expect(result.status == 0)
        #expect(result.output.contains("one: | dropped in\n"))
        #expect(result.outputLines.last == "1 task: 1 changed")
    }
}
