import TestSupport
import Testing

/// The JSON Schema of the task file, with the validator of Python.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct SchemaTests {
    /// Prints the places of what is wrong, a line each.
    private static let validator = """
        import json, sys, yaml
        from jsonschema import Draft202012Validator
        schema = json.load(open(sys.argv[1]))
        Draft202012Validator.check_schema(schema)
        for path in sys.argv[2:]:
            for error in Draft202012Validator(schema).iter_errors(yaml.safe_load(open(path))):
                print(path.rsplit("/", 1)[-1], ".".join(map(str, error.absolute_path)), error.message[:200])
        """

    /// What the validator finds in files.
    private func findings(_ paths: [String]) async throws -> String {
        let schema = await callProgram(["schema"])
        #expect(schema.status == 0)
        let file = TemporaryDirectory.file("schema.json")
        try Files.write(Array(schema.output.utf8), to: file, mode: 0o644)
        let result = try await Tool.run("python3", ["-c", Self.validator, file] + paths)
        #expect(result.status == 0, "\(result.errors)")
        return result.output
    }

    /// What the validator finds in texts, which are files such as `m3.yaml`.
    private func findings(in texts: [String]) async throws -> [Substring] {
        let paths = texts.indices.map { TemporaryDirectory.file("m\($0).yaml") }
        for (path, text) in zip(paths, texts) { try Files.write(Array(text.utf8), to: path, mode: 0o644) }
        return try await findings(paths).split(separator: "\n")
    }

    @Test func `every task file of this project is valid`() async throws {
        let root = TestCluster.sourceRoot
        let found = try await Tool.run(
            "git",
            ["-C", root, "ls-files", "bootstrap.yaml", "examples/**/bootstrap.yaml", "examples/**/bootstrap.d/*.yaml"]
        )
        let files = found.outputLines.map { "\(root)/\($0)" }
        #expect(files.count >= 4)
        #expect(try await findings(files) == "")
    }

    @Test func `what the reader accepts is valid, also a short drop-in, and a variable as a value`() async throws {
        let manifest = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: default}}\n"
        try Files.write(Array(manifest.utf8), to: TemporaryDirectory.file("objects.yaml"), mode: 0o644)
        let accepted = """
            cluster: {servers: {worker: "HTTPS://10.0.0.1:6443/"}}
            nodes: {w1: {role: worker}}
            tasks:
              accounts: {file: {path: /a, content: b, owner: 4294967294, group: 0}}
              names: {file: {path: /b, content: b, owner: root, group: "0"}}
              url: {wait: {url: "Http://127.0.0.1/"}}
              capabilities: {exec: {command: ls, capabilities: [CAP_NET_ADMIN]}}
              empty: {after: [], exec: {command: ls, args: [], reads: [], writes: [], environment: {}}}
              removed: {remove: {kubeconfig: /k, objects: [{apiVersion: v1, kind: Namespace, name: a}]}}
              labels: {apply: {manifests: [objects.yaml], kubeconfig: /k, labels: {a: 1, b: 1.10, c: ""}}}

            """
        let dropIn = """
            cluster:
            nodes: {w1: {role: worker}}
            variables: {port: 6443, list: {each: cluster.nodes, text: "${node.name}"}, flag: true}
            certificates:
              defaults: {owner: 998, group: 998}
              leaves: {etcd: {enable: false, commonName: etcd, owner: 0, group: 0}}
            tasks:
              coredns: {enable: false}
              script: {script: a.sh, args: [1, b], timeout: "${limit}"}
              both: {script: a.sh, exec: {network: true}}
              octal: {file: {path: /a, content: b, mode: 0644}}
              digits: {timeout: 1h30m, every: 500ms, exec: {command: ls}}
              number: {apply: {manifests: ["${file}"], minNodes: "${count}"}}
              text: {exec: {command: ls, args: ["${count}", 1], environment: {A: "${count}", B: 1}}}

            """
        let servers = ["http://localhost", "http://[::1]:6443/", "https://h", "${server}"].map {
            "cluster: {servers: '\($0)'}\n"
        }
        #expect(try await findings(in: [accepted, dropIn] + servers) == [])
        let file = TemporaryDirectory.file("m0.yaml")
        let check = await callProgram(["check", "--offline", "--host-name", "w1", "--config", file])
        #expect(check.status == 0, "\(check.errors)")
    }

    @Test func `mistakes are found`() async throws {
        let mistakes = [
            ("tasks: {a: {file: {path: /a, content: b, owner: -1}}}", "-1 is less than the minimum of 0"),
            ("cluster: {servers: '10.0.0.1:6443'}", "'10.0.0.1:6443' is not valid under any"),
            ("tasks: {a: {kubeconfig: {server: '10.0.0.1'}}}", "'10.0.0.1' does not match"),
            ("tasks: {a: {exec: {command: ls, capabilities: [net_admin]}}}", "'net_admin' is not valid under any"),
            ("tasks: {a: {apply: {manifests: [m.yaml], labels: {a: true}}}}", "True is not valid under any"),
            ("tsaks: {}", "'tsaks' was unexpected"),
            ("tasks: {a: {aply: {manifests: [m.yaml]}}}", "'aply' was unexpected"),
            ("tasks: {a: {apply: {manifests: '${list}'}}}", "'${list}' is not of type 'array'"),
            ("tasks: {a: {apply: {manifests: [m.yaml], minNodes: some}}}", "'some' is not valid under any"),
            ("tasks: {a: {apply: {}}}", "'manifests' is a required property"),
            ("tasks: {a: {}}", "is not valid under any of the given schemas"),
            ("tasks: {a: {symlink: {path: /a, target: /b}, exec: {command: ls}}}", "is valid under each of"),
            ("tasks: {a: {timeout: 10x, exec: {command: ls}}}", "'10x' does not match"),
            ("tasks: {a: {symlink: {path: a, target: /b}}}", "'a' does not match"),
            ("tasks: {a: {wait: {tcp: 'h:1', file: /a}}}", "is valid under each of"),
            ("nodes: {a: {}}", "is not valid under any of the given schemas"),
        ]
        let found = try await findings(in: mistakes.map(\.0))
        for (index, (text, words)) in mistakes.enumerated() {
            #expect(found.contains { $0.hasPrefix("m\(index).yaml ") && $0.contains(words) }, "\(text): \(found)")
        }
    }
}
