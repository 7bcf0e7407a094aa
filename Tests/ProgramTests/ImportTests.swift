import TestSupport
import Testing

/// Command `import` with what Nix prints of an inventory.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct ImportTests {
    static let canEvaluate = ChildProcess.isInstalled("nix-instantiate")
    static let noNix: Comment = "no Nix; run make setup"
    static let examples = TestCluster.sourceRoot + "/Tests/import"

    /// Imports what Nix prints of a file in its language.
    private func imported(_ path: String, _ arguments: String...) async throws -> ToolResult {
        let print = ["--eval", "--strict", "--json", "--store", "dummy://"] + arguments + [path]
        let json = try await Tool.run("nix-instantiate", print)
        let file = TemporaryDirectory.file("cluster.json")
        try Files.write(Array(json.output.utf8), to: file, mode: 0o644)
        let environment: [String: String?] = ["NEST_ROLE": nil, "JOURNAL_STREAM": nil, "LC_ALL": "C.UTF-8"]
        return try await Tool.run(TestNode.program, ["import", "nico", file], environment: environment)
    }

    /// What `check --all-nodes` prints with a drop-in beside a task file.
    private func checked(_ dropIn: String) async throws -> String {
        let task = "{exec: {command: echo, args: [\"${node.name}\", \"${node.address}\"]}}"
        let node = try TestNode("tasks:\n  all: \(task)\n  first: {roles: [init], exec: {command: echo}}\n")
        try Files.makeDirectories(node.path("bootstrap.d"))
        try node.write(dropIn, to: "bootstrap.d/10-nodes.yaml")
        let check = try await node.run("check", "--all-nodes")
        return check.output + check.errors
    }

    @Test(.enabled(if: canEvaluate, noNix))
    func `the example of NICO becomes nodes`() async throws {
        let result = try await imported(Self.examples + "/cluster.nix")
        #expect(result.errors == "")
        let file = TemporaryDirectory.file("cluster.json")
        #expect(
            result.output == """
                # Made by 'nest-bootstrap import nico \(file)'. To change it, change the inventory and import it again.
                cluster:
                  name: production-cluster
                  vip: 192.168.1.100
                nodes:
                  cp-01:
                    roles: [control-plane, init]
                    address: 192.168.1.101
                    variables:
                      state: MASTER
                      priority: 150
                      vrrpPassword: "353f1be6"
                  cp-02:
                    roles: [control-plane, join]
                    address: 192.168.1.102
                    variables:
                      state: BACKUP
                      priority: 149
                      vrrpPassword: "353f1be6"
                  cp-03:
                    roles: [control-plane, join]
                    address: 192.168.1.103
                    variables:
                      state: BACKUP
                      priority: 148
                      vrrpPassword: "353f1be6"
                  worker-01: {role: worker, address: 192.168.1.201}
                  worker-02: {role: worker, address: 192.168.1.202}

                """
        )
        #expect(
            try await checked(result.output) == """
                cp-01 (control-plane, init): 2 tasks
                cp-02 (control-plane, join): 1 task
                cp-03 (control-plane, join): 1 task
                worker-01 (worker): 1 task
                worker-02 (worker): 1 task
                5 nodes, nothing wrong

                """
        )
    }

    @Test(.enabled(if: canEvaluate, noNix))
    func `a module that the operator writes has the cluster in an attribute`() async throws {
        let path = TemporaryDirectory.file("cluster.nix")
        let node = "{ name = \"cp-01\"; ip = \"10.0.0.1\"; }"
        let text =
            "{ config, pkgs, ... }:\n{\n  cluster = {\n    name = \"home\";\n    controlPlane = [ \(node) ];\n    workers = [ ];\n  };\n}\n"
        try Files.write(Array(text.utf8), to: path, mode: 0o644)
        let result = try await imported(path, "-A", "cluster", "--arg", "config", "null", "--arg", "pkgs", "null")
        let nodes = "nodes:\n  cp-01: {roles: [control-plane, init], address: 10.0.0.1}\n"
        #expect(result.output.hasSuffix(nodes), "\(result)")
    }
}

/// What `import` prints, together with the example of k3s.
extension ImportTests {
    private static let controlPlanes = ["cp-01", "cp-02", "cp-03"]

    /// The configuration of keepalived that a host writes.
    private func keepalived(of host: String, _ config: String) async throws -> String {
        let root = TemporaryDirectory.file("root-\(host)")
        try Files.makeDirectories(root)
        let script = "hostname \"$1\"; shift; \"$@\" >&2; cat \"$ROOT/etc/keepalived/keepalived.conf\""
        let command = [TestNode.program, "run", "--config", config, "--root", root, "--task", "keepalived"]
        let result = try await Tool.run(
            "unshare",
            ["--uts", "sh", "-euc", script, "sh", host] + command,
            environment: ["ROOT": root, "NEST_ROLE": nil, "JOURNAL_STREAM": nil],
        )
        #expect(result.status == 0, "\(result.errors)")
        return result.output
    }

    /// The configurations of keepalived of all control planes with the example, and an inventory as its drop-in.
    private func configurations(importing inventory: String) async throws -> [String] {
        let directory = TemporaryDirectory.file("example")
        let config = "\(directory)/bootstrap.yaml"
        _ = try await Tool.run("rm", ["-rf", directory])
        _ = try await Tool.run("cp", ["-r", "\(TestCluster.sourceRoot)/examples/k3s", directory])
        let file = TemporaryDirectory.file("cluster.nix")
        try Files.write(Array(inventory.utf8), to: file, mode: 0o644)
        let dropIn = try await imported(file)
        try Files.makeDirectories("\(directory)/bootstrap.d")
        try Files.write(Array(dropIn.output.utf8), to: "\(directory)/bootstrap.d/10-nodes.yaml", mode: 0o644)
        let check = try await Tool.run(TestNode.program, ["check", "--all-nodes", "--config", config])
        #expect(check.output.hasSuffix("7 nodes, nothing wrong\n"), "\(check.output)\(check.errors)")
        var texts: [String] = []
        for host in Self.controlPlanes { texts.append(try await keepalived(of: host, config)) }
        return texts
    }

    @Test(.enabled(if: canEvaluate, noNix), .enabled(if: TestProcess.isRoot, "only root can give a host another name"))
    func `an imported inventory and the example of k3s work together unchanged`() async throws {
        let path = Self.examples + "/cluster.nix"
        let inventory = try Files.text(path)
        var own: [String] = []
        for host in Self.controlPlanes {
            own.append(try await keepalived(of: host, "\(TestCluster.sourceRoot)/examples/k3s/bootstrap.yaml"))
        }
        #expect(try await configurations(importing: inventory) == own)

        // Another cluster with nodes of the same names.
        let name = "lab"
        let other = inventory.replacing("production-cluster", with: name).replacing("192.168.1.", with: "10.7.0.")
        let digest = try await Tool.run("sh", ["-c", "printf %s \"$1\" | sha256sum", "sh", name]).output.prefix(8)
        let changed = own.map { $0.replacing("192.168.1.", with: "10.7.0.").replacing("353f1be6", with: digest) }
        #expect(own.allSatisfy { $0.contains("auth_pass 353f1be6\n") } && digest.count == 8)
        #expect(try await configurations(importing: other) == changed)
    }
}
