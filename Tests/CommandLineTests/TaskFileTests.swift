import TestSupport
import Testing

/// What is said of a task file with many mistakes.
@Suite(.temporaryDirectory, .timeLimit(.minutes(5)))
struct TaskFileTests {
    @Test(arguments: ["10-u.yml", "10-u.YAML", "10-u.json", "10-u.yaml "])
    func `a drop-in by another ending is reported, as it is not read`(name: String) async throws {
        let node = try TestNode("tasks: {t: {exec: {command: ls}}}\n")
        try node.write("tasks: {u: {}}\n", to: "bootstrap.d/\(name)")
        let result = await node.call("check")
        #expect(result.status == 78)
        #expect(
            result.errors
                == "\(node.path("bootstrap.d/\(name)")): would have no effect, as drop-ins end in .yaml; rename it to 10-u.yaml, or remove it\n"
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

    static let expected = """
        bootstrap.yaml:3:12: 'cluster.servers' must be an https URL, found 'http://10.20.0.5:6443'; \
        write servers: https://10.20.0.5:6443
        bootstrap.yaml:4:1: unknown key 'variabels' in a task file; did you mean 'variables'?
        bootstrap.yaml:8:13: an item of 'roles' of task 'admin' is 'contol-plane', which is not a known role; \
        did you mean 'control-plane'?
        bootstrap.yaml:9:5: 'kubeconfig.key' of task 'admin' is missing; add key: PATH (the client key)
        bootstrap.yaml:9:24: 'kubeconfig.path' of task 'admin' must be an absolute path, found \
        'etc/admin.kubeconfig'; write path: /etc/admin.kubeconfig
        bootstrap.yaml:11:5: unknown key 'symlnk' in task 'ipam'; did you mean 'symlink'?
        bootstrap.yaml:13:13: task 'rbac' runs after 'admn', which is not declared; did you mean 'admin'?
        bootstrap.yaml:14:14: 'timeout' of task 'rbac' must be a duration such as 500ms, 30s, 10m or 1h30m, \
        found the number 10
        bootstrap.yaml:15:60: no variable is named 'podCDIR'; did you mean '${podCIDR}'?
        bootstrap.yaml:16:17: tasks run after each other: one -> two -> one; \
        remove 'two' at bootstrap.yaml:16:17 or 'one' at bootstrap.yaml:17:17
        """

    @Test(arguments: ["run", "check", "graph", "status"])
    func `all mistakes are reported together, each with its location and something to type`(
        command: String
    ) async throws {
        let node = try TestNode(Self.file)
        let result = await node.call(command)
        #expect(result.status == 78)
        #expect(result.output == "")
        #expect(result.errors.replacing("\(node.directory)/", with: "") == Self.expected + "\n")
    }

    @Test func `programs read the same text in JSON`() async throws {
        let node = try TestNode(Self.file)
        let result = await node.call("run", "--output", "json")
        #expect(result.status == 78)
        #expect(result.errors == "")
        let lines = try result.events("error").map { event -> String in
            let location = event["place"]
            let position = [location?["line"]?.integer, location?["column"]?.integer].compactMap { $0.map(String.init) }
            let message = [event["message"]?.string, event["hint"]?.string].compactMap(\.self).joined(separator: "; ")
            return "\((["bootstrap.yaml"] + position).joined(separator: ":")): \(message)"
        }
        #expect(lines.joined(separator: "\n").replacing("\(node.directory)/", with: "") == Self.expected)
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

    @Test func `wrong arguments end with 64 and say what to type`() async throws {
        let node = try TestNode("tasks: {one: {exec: {command: 'true'}}}\n")
        let flag = await node.call("run", "--dryrun")
        #expect(flag.status == 64)
        #expect(flag.errors.contains("--dry-run"))
        let task = await node.call("run", "--task", "on")
        #expect(task.status == 64)
        #expect(task.errors.contains("'one'"))
        #expect(task.errorLines.count == 1)
    }
}
