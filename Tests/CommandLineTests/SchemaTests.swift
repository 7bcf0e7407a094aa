import TestSupport
import Testing

/// The JSON Schema of the task file, with the validator of Python.
@Suite(.temporaryDirectory, .timeLimit(.minutes(5)))
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

    private func findings(in text: String) async throws -> String {
        let path = TemporaryDirectory.file("m.yaml")
        try Files.write(Array(text.utf8), to: path, mode: 0o644)
        return try await findings([path])
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

    @Test func `a drop-in may be short, and a value a variable`() async throws {
        let text = """
            cluster:
            nodes: {w1: {role: worker}}
            variables: {port: 6443, list: {each: cluster.nodes, text: "${node.name}"}, flag: true}
            certificates: {leaves: {etcd: {enable: false, commonName: etcd}}}
            tasks:
              coredns: {enable: false}
              script: {script: a.sh, args: [1, b], timeout: "${limit}"}
              both: {script: a.sh, exec: {network: true}}
              mode: {file: {path: /a, content: b, mode: "0644"}}
              octal: {file: {path: /a, content: b, mode: 0644}}
              digits: {timeout: 1h30m, every: 500ms, exec: {command: ls}}
              number: {apply: {manifests: ["${file}"], minNodes: "${count}"}}
              text: {exec: {command: ls, args: ["${count}", 1], environment: {A: "${count}", B: 1}}}

            """
        #expect(try await findings(in: text) == "")
    }

    @Test func `what the reader accepts is valid`() async throws {
        let manifest = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: default}}\n"
        try Files.write(Array(manifest.utf8), to: TemporaryDirectory.file("objects.yaml"), mode: 0o644)
        let text = """
            cluster: {servers: {worker: "HTTPS://10.0.0.1:6443/"}}
            nodes: {w1: {role: worker}}
            tasks:
              accounts: {file: {path: /a, content: b, owner: 4294967294, group: 0}}
              names: {file: {path: /b, content: b, owner: root, group: "0"}}
              url: {wait: {url: "Http://127.0.0.1/"}}
              capabilities: {exec: {command: ls, capabilities: [CAP_NET_ADMIN]}}
              empty: {after: [], exec: {command: ls, args: [], reads: [], writes: [], environment: {}}}
              removed: {remove: {paths: [], kubeconfig: /k, objects: [{apiVersion: v1, kind: Namespace, name: a}]}}
              labels: {apply: {manifests: [objects.yaml], kubeconfig: /k, labels: {a: 1, b: 1.10, c: ""}}}

            """
        #expect(try await findings(in: text) == "")
        let file = TemporaryDirectory.file("m.yaml")
        let check = await callProgram(["check", "--offline", "--host-name", "w1", "--config", file])
        #expect(check.status == 0, "\(check.errors)")
    }

    @Test(arguments: ["http://127.0.0.1:6443", "http://localhost", "http://[::1]:6443/", "https://h", "${server}"])
    func `a server is reached with https, or on the node itself`(server: String) async throws {
        #expect(try await findings(in: "cluster: {servers: '\(server)'}\n") == "")
    }

    @Test func `the owner of a certificate's key may be a number`() async throws {
        let text = """
            certificates:
              defaults: {owner: 998, group: 998}
              leaves: {etcd: {enable: false, commonName: etcd, owner: 0, group: 0}}
            tasks:
              etcd:
                certificate:
                  path: /a/etcd.crt
                  key: /a/etcd.key
                  leaf: {commonName: etcd, usages: [client auth], owner: 0, group: 998}
                  ca: {certificate: ca.crt, key: ca.key}

            """
        #expect(try await findings(in: text) == "")
    }

    @Test(arguments: [
        ("tasks: {a: {file: {path: /a, content: b, owner: -1}}}", "-1 is less than the minimum of 0"),
        ("tasks: {a: {file: {path: /a, content: b, owner: 4294967295}}}", "4294967295 is greater than the maximum"),
        ("tasks: {a: {file: {path: /a, content: b, owner: ''}}}", "'' does not match"),
        ("tasks: {a: {file: {path: /a, content: b, group: '-1'}}}", "'-1' does not match"),
        ("cluster: {servers: 'http://10.0.0.1:6443'}", "'http://10.0.0.1:6443' is not valid under any"),
        ("cluster: {servers: 'https://10.0.0.1:6443/x'}", "'https://10.0.0.1:6443/x' is not valid under any"),
        ("tasks: {a: {kubeconfig: {server: 'http://10.0.0.1'}}}", "'http://10.0.0.1' does not match"),
        (
            "tasks: {a: {apply: {manifests: [{url: 'https://h/m', sha256: \(String(repeating: "A", count: 64))}]}}}",
            "is not valid under any"
        ),
        ("tasks: {a: {exec: {command: ls, capabilities: [net_admin]}}}", "'net_admin' is not valid under any"),
        ("cluster: {servers: 'ftp://a'}", "'ftp://a' is not valid under any"),
        ("tasks: {a: {apply: {manifests: [m.yaml], labels: {a: true}}}}", "True is not valid under any"),
        ("tsaks: {}", "'tsaks' was unexpected"),
        ("tasks: {a: {aply: {manifests: [m.yaml]}}}", "'aply' was unexpected"),
        ("tasks: {a: {apply: {manifests: m.yaml}}}", "'m.yaml' is not of type 'array'"),
        ("tasks: {a: {apply: {manifests: '${list}'}}}", "'${list}' is not of type 'array'"),
        ("tasks: {a: {exec: {command: ls, environment: '${map}'}}}", "'${map}' is not of type 'object'"),
        ("tasks: {a: {apply: {manifests: [m.yaml], minNodes: some}}}", "'some' is not valid under any"),
        ("tasks: {a: {apply: {}}}", "'manifests' is a required property"),
        ("tasks: {a: {}}", "is not valid under any of the given schemas"),
        ("tasks: {a: {symlink: {path: /a, target: /b}, exec: {command: ls}}}", "is valid under each of"),
        ("tasks: {a: {timeout: 10, exec: {command: ls}}}", "10 is not of type 'string'"),
        ("tasks: {a: {timeout: 10x, exec: {command: ls}}}", "'10x' does not match"),
        ("tasks: {a: {apply: {manifests: [m.yaml], conflicts: take}}}", "'take' is not valid under any"),
        ("tasks: {a: {symlink: {path: a, target: /b}}}", "'a' does not match"),
        ("tasks: {a: {exec: {args: [a]}}}", "is not valid under any of the given schemas"),
        ("tasks: {a: {wait: {tcp: localhost}}}", "'localhost' does not match"),
        ("tasks: {a: {wait: {tcp: 'h:1', file: /a}}}", "is valid under each of"),
        ("tasks: {a: {roles: [], exec: {command: ls}}}", "a.roles [] should be non-empty"),
        ("tasks: {a: {apply: {manifests: []}}}", "a.apply.manifests [] should be non-empty"),
        ("tasks: {a: {images: {archives: []}}}", "a.images.archives [] should be non-empty"),
        ("tasks: {a: {remove: {paths: []}}}", "a.remove {'paths': []} is not valid under any"),
        ("tasks: {a: {remove: {recursive: true}}}", "is not valid under any"),
        (
            "tasks: {a: {file: {path: /a, url: 'https://h/a', unpack: {only: []}}}}",
            "unpack.only [] should be non-empty"
        ),
        ("nodes: {a: {roles: []}}", "a.roles [] should be non-empty"),
        ("nodes: {a: {}}", "is not valid under any of the given schemas"),
    ])
    func `a mistake is found`(text: String, words: String) async throws {
        let found = try await findings(in: text)
        #expect(found.contains(words), "\(found)")
    }
}
