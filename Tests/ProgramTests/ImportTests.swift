import TestSupport
import Testing

/// Command `import` with inventories in Nix's language, and with mistakes in them.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
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

        // Files beside the inventory that are none.
        let flake = "{\n  inputs.n.url = \"github:a/b\";\n  outputs = { self, n }: { };\n}\n"
        try Files.write(Array(flake.utf8), to: path, mode: 0o644)
        let hint = "import the file with the nodes that the flake reads, such as cluster.nix"
        #expect(try await read("nico", path).errors == "\(path):3:3: a flake is not an inventory; \(hint)\n")
        let object = TemporaryDirectory.file("cluster.yaml")
        try Files.write(Array("apiVersion: v1\nkind: KubernetesCluster\n".utf8), to: object, mode: 0o644)
        let refused = try await read("nico", object)
        #expect(refused.status == 78)
        #expect(
            refused.errors.hasPrefix(
                "\(object): an inventory of NICO is not YAML; import the operator's cluster.nix"
            )
        )
    }

    @Test(.enabled(if: canEvaluate, noNix))
    func `the example of the documentation is what it becomes`() async throws {
        let path = TestCluster.sourceRoot + "/docs/import.md"
        let document = try Files.text(path)
        let blocks = document.split(separator: "```").filter { $0.hasPrefix("nix\n") || $0.hasPrefix("yaml\n") }
        let texts = blocks.map { $0.drop { $0 != "\n" }.dropFirst() }
        let inventory = TemporaryDirectory.file("documented.nix")
        try Files.write(Array(try #require(texts.first).utf8), to: inventory, mode: 0o644)
        let result = try await read("nico", inventory)
        #expect(result.output.drop { $0 != "\n" }.dropFirst() == texts[1], "\(result.errors)")
        // The beginning of what becomes of the example of plans.
        let plans = try await read("plans", Self.examples + "/plans").output
        #expect(plans.contains("\n" + texts[2]), "\(texts[2])")
    }

    @Test(.enabled(if: canEvaluate, noNix))
    func `all mistakes of a Nix file are reported at once, with their places`() async throws {
        let text = """
            {
              nam = "production-cluster";
              vip = "192.168.1.101";

              controlPlane = [
                { name = "cp-01"; ip = "192.168.1.101"; }
                { name = "CP_02"; ip = "192.168.1.300"; }
                { name = "cp-01"; ip = "192.168.1.103"; adress = "x"; }
                { ip = 17; name = ""; }
                "cp-05"
              ];

              workers = [
                { name = "wörker"; ip = "192.168.1.103"; } /* ä */ { name = "w2"; ip = "fd00::1"; ip6 = x: x; }
                { name = "w3"; ip = "127.0.0.1"; path = ./x; }
              ];
              f = { a = { b = { c = { d = { e = { g = 1; }; }; }; }; }; };
            }
            """
        let expected = """
            2:3: 'name' of the cluster is missing; add it
            2:3: unknown key 'nam' in the cluster; did you mean 'name'?
            5:3: control plane 5 must be an attribute set with name and ip, found 'cp-05'; \
            write { name = "NAME"; ip = "ADDRESS"; }
            6:23: address 192.168.1.101 of control plane 'cp-01' is that of 'vip' at FILE:3:3 as well; write another address
            7:7: 'name' of control plane 'CP_02' must be a host name of lower-case letters, digits, '-' and '.', \
            found 'CP_02'; write cp-02
            7:23: 'ip' of control plane 'CP_02' must be an IP address such as 192.168.0.10, found '192.168.1.300'
            8:7: name 'cp-01' is used twice, the first time at FILE:6:7; write another name
            8:45: unknown key 'adress' in control plane 'cp-01'; expected one of ip or name
            9:7: 'ip' of control plane 4 must be an IP address such as 192.168.0.10, found the number 17
            9:16: 'name' of control plane 4 must be a host name of lower-case letters, digits, '-' and '.', \
            found an empty string
            14:7: 'name' of worker 'wörker' must be a host name of lower-case letters, digits, '-' and '.', found 'wörker'
            14:24: address 192.168.1.103 of worker 'wörker' is that of control plane 'cp-01' at FILE:8:23 as well; \
            write another address
            14:71: address fd00::1 of worker 'w2' is IPv6, and 'vip' is IPv4, so that they are not in one network; \
            write an IPv4 address
            14:87: a cluster has no place for a function; remove it
            15:20: 'ip' of worker 'w3' must be an IP address that other nodes can reach, found '127.0.0.1'
            15:38: a cluster has no place for a path; write it as a string in quotes
            17:3: unknown key 'f' in the cluster; expected one of clusterToken, controlPlane, name, vip or workers
            17:33: a cluster has no place for a set that is nested too deeply; remove it
            """
        #expect(try await problems(text) == expected.split(separator: "\n").map(String.init))
    }

    @Test(
        .enabled(if: canEvaluate, noNix),
        arguments: [
            ("{ a = 1; b = undefined; }", "1:14: Nix cannot evaluate this: undefined variable 'undefined'"),
            ("{ a = 1;\n b = [ { c = }; }\n", "2:14: Nix cannot evaluate this: syntax error, unexpected '}'"),
            ("{ a = 1;\n b = throw \"no\\nway\"; }", "2:2: Nix cannot evaluate this: no way"),
            ("{ name = builtins.readFile /etc/hostname; }", "1:10: Nix cannot evaluate this: access to absolute path"),
            ("{ name = (import ./other.nix).name; }", "1:11: Nix cannot evaluate this: access to absolute path"),
            ("{ name = builtins.fetchurl \"http://127.0.0.1:1/\"; }", "1:3: Nix cannot evaluate this: access to URI"),
            ("let x = x; in { b = x; }", "1:9: Nix cannot evaluate this: infinite recursion encountered"),
            ("let f = x: 1 + f x; in { a = f 0; }", ": Nix cannot evaluate the file (stack overflow"),
            (
                "{ a = builtins.length (builtins.genList (x: x) 1000000000); }",
                ": Nix cannot evaluate the file (out of memory)"
            ),
            ("let a = { b = a; }; in a", "1:11: a cluster has no place for a set that is nested too deeply; remove it"),
            ("", "1:1: Nix cannot evaluate this: syntax error, unexpected end of file"),
            ("{}\0", "1:3: byte 0x0 is not part of a text in UTF-8"),
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
