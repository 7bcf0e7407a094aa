import TestSupport
import Testing

/// Command `import` with inventories in Nix's language, and with mistakes in them.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct ImportTests {
    static let canEvaluate = ChildProcess.isInstalled("nix-instantiate")
    static let noNix: Comment = "no Nix; run make setup"
    static let examples = TestCluster.sourceRoot + "/Tests/import"

    func read(_ arguments: String..., environment: [String: String?] = [:]) async throws -> ToolResult {
        // One of the names of a Nix file has a letter that is not ASCII.
        let usual: [String: String?] = ["NEST_ROLE": nil, "JOURNAL_STREAM": nil, "LC_ALL": "C.UTF-8"]
        let environment = environment.merging(usual) { first, _ in first }
        return try await Tool.run(TestNode.program, ["import"] + arguments, environment: environment)
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
    func `the example of NICO becomes nodes, as Nix and as JSON`() async throws {
        let path = Self.examples + "/cluster.nix"
        let result = try await read("nico", path)
        #expect(result.errors == "")
        #expect(
            result.output == """
                # Made by 'nest-bootstrap import nico \(path)'. To change it, change the inventory and import it again.
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
        let json = try await Tool.run("nix-instantiate", ["--eval", "--strict", "--json", "--store", "dummy://", path])
        let file = TemporaryDirectory.file("cluster.json")
        try Files.write(Array(json.output.utf8), to: file, mode: 0o644)
        // Without Nix, which JSON does not need.
        let same = try await read("nico", file, environment: ["PATH": "/nonexistent"])
        #expect(same.output == result.output.replacing(path, with: file), "\(same.errors)")
    }

    @Test(.enabled(if: canEvaluate, noNix))
    func `a module that the operator writes is called without values of its arguments`() async throws {
        let path = TemporaryDirectory.file("cluster.nix")
        func imported(_ name: String, _ head: String = "{ config, pkgs, ... }:") async throws -> ToolResult {
            let node = "{ name = \"cp-01\"; ip = \"10.0.0.1\"; }"
            let text =
                "\(head)\n{\n  cluster = {\n    name = \(name);\n    controlPlane = [ \(node) ];\n    workers = [ ];\n  };\n}\n"
            try Files.write(Array(text.utf8), to: path, mode: 0o644)
            return try await read("nico", path)
        }
        for head in ["{ config, pkgs, ... }:", "{ config, pkgs ? null, ... }@args:", "args:", ""] {
            let result = try await imported("\"home\"", head)
            #expect(
                result.output.hasSuffix("nodes:\n  cp-01: {roles: [control-plane, init], address: 10.0.0.1}\n"),
                "\(result)"
            )
        }
        let absent = try await imported("config.networking.hostName")
        #expect(absent.status == 78)
        let words = "Nix cannot evaluate this: an inventory has no value for the argument 'config' of a module"
        #expect(absent.errors.contains("\(words); import the file that lists the nodes"), "\(absent.errors)")
    }

    @Test(
        .enabled(if: canEvaluate, noNix),
        arguments: [
            ("{ a = 1; b = undefined; }", "1:14: Nix cannot evaluate this: undefined variable 'undefined'"),
            ("{ name = builtins.readFile /etc/hostname; }", "1:10: Nix cannot evaluate this: access to absolute path"),
            ("{ name = builtins.fetchurl \"http://127.0.0.1:1/\"; }", "1:3: Nix cannot evaluate this: access to URI"),
            ("let x = x; in { b = x; }", "1:9: Nix cannot evaluate this: infinite recursion encountered"),
            (
                "{ a = builtins.length (builtins.genList (x: x) 1000000000); }",
                ": Nix cannot evaluate the file (out of memory)"
            ),
            ("{}\0", ": the file is no text in UTF-8"),
        ]
    )
    func `what Nix cannot evaluate is reported with its place`(text: String, message: String) async throws {
        let found = try await problems(text)
        #expect(found.contains { $0.hasPrefix(message) }, "\(found)")
    }

    /// What is reported about a Nix file, without its path.
    private func problems(_ text: String) async throws -> [String] {
        let path = TemporaryDirectory.file("cluster.nix")
        try Files.write(Array(text.utf8), to: path, mode: 0o644)
        let result = try await read("nico", path)
        #expect(result.status == 78)
        #expect(result.output == "")
        #expect(result.errorLines.allSatisfy { $0.hasPrefix(path) })
        return result.errorLines.map {
            let rest = $0.dropFirst(path.count).replacing(path, with: "FILE")
            return String(rest.hasPrefix(": ") ? rest[...] : rest.dropFirst())
        }
    }
}

/// The evaluation of Nix files by command `import`.
extension ImportTests {
    @Test(.enabled(if: canEvaluate, noNix))
    func `an evaluation without end is ended`() async throws {
        let path = TemporaryDirectory.file("cluster.nix")
        let text = "let r = n: if n == 0 then 1 else r (n - 1) + r (n - 1); in { a = r 80; }"
        try Files.write(Array(text.utf8), to: path, mode: 0o644)
        let environment: [String: String?] = ["NEST_ROLE": nil, "JOURNAL_STREAM": nil]
        let tool = try Tool(TestNode.program, ["import", "nico", path], environment: environment)
        #expect(try await becomes { try isEvaluated(path) })
        let result = await tool.result()
        #expect(try isEvaluated(path) == false)
        #expect(result.status == 78)
        #expect(result.output == "")
        #expect(result.errors.contains("Nix cannot evaluate the file within 20 seconds"), "\(result.errors)")
    }

    /// Whether a process of Nix has a file in its arguments.
    private func isEvaluated(_ path: String) throws -> Bool {
        try Files.list("/proc").filter { $0.allSatisfy(\.isNumber) }.contains { process in
            // A process may end while it is looked at.
            let bytes = (try? Files.read("/proc/\(process)/cmdline")) ?? []
            return String(decoding: bytes, as: UTF8.self).contains("nest=\(path)")
        }
    }

    @Test func `Nix has to be there for Nix files only`() async throws {
        let path = TemporaryDirectory.file("cluster.nix")
        try Files.write(Array("{ }".utf8), to: path, mode: 0o644)
        let result = try await read("nico", path, environment: ["PATH": "/nonexistent"])
        #expect(result.status == 1)
        #expect(result.output == "")
        #expect(result.errors.contains("cannot run 'nix-instantiate': not found in PATH"), "\(result.errors)")
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
        let dropIn = try await read("nico", file)
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
