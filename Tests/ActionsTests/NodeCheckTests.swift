import Base
import HTTP
import Host
import TestSupport
import Testing

@testable import Actions

/// What `check` finds without an API server.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct NodeCheckTests {
    @Test func `every problem of every task is reported at once`() async throws {
        let tasks = """
            tasks:
              a: {file: {path: /etc/a, source: /nowhere/a, owner: no-such-user, group: no-such-group}}
              b: {exec: {script: none.sh}}
              c: {exec: {command: no-such-command}}
              d: {wait: {url: 'https://h/', certificateAuthority: /nowhere/ca}}
              e: {apply: {kubeconfig: /nowhere/k, manifests: [none.yaml, broken.yaml]}}
              f: {symlink: {path: /etc/f, target: /nowhere}}
            """
        try await withBench(tasks) { bench in
            try bench.write("kind: ConfigMap\n", to: "broken.yaml")
            let problems = await bench.problems().map { String($0.prefix { $0 != ";" }) }
            #expect(
                problems == [
                    "DIR/bootstrap.yaml:2:36: cannot read '/nowhere/a': directory '/nowhere' does not exist",
                    "DIR/bootstrap.yaml:2:55: cannot find user 'no-such-user': no such user",
                    "DIR/bootstrap.yaml:2:76: cannot find group 'no-such-group': no such group",
                    "DIR/bootstrap.yaml:3:22: cannot read 'DIR/none.sh': No such file or directory",
                    "DIR/bootstrap.yaml:4:23: cannot run 'no-such-command': not found in PATH "
                        + "'\(bench.run.processEnvironment["PATH"] ?? "")'",
                    "DIR/bootstrap.yaml:5:55: cannot read '/nowhere/ca': directory '/nowhere' does not exist",
                    "DIR/bootstrap.yaml:6:51: cannot read 'DIR/none.yaml': No such file or directory",
                    "DIR/broken.yaml:1:1: 'apiVersion' of document 1 is missing",
                    "DIR/broken.yaml:1:1: 'metadata.name' of document 1 is missing",
                    "DIR/bootstrap.yaml:6:27: cannot read '/nowhere/k': directory '/nowhere' does not exist",
                ]
            )
        }
    }

    @Test func `what an earlier task makes need not be there yet`() async throws {
        let tasks = """
            tasks:
              ca: {file: {path: /etc/nest-test/ca.crt, content: x}}
              pki: {symlink: {path: /nest-pki, target: /etc/nest-test}}
              script: {exec: {command: "true", creates: /opt/nest-test/s.sh}}
              manifest: {file: {path: /etc/nest-test/m/a.yaml, content: x}}
              runs: {after: [script], exec: {script: /opt/nest-test/s.sh}}
              copies: {after: [ca, pki], file: {path: /etc/nest-test/copy, source: /nest-pki/ca.crt}}
              waits: {after: [ca], wait: {url: 'https://h/', certificateAuthority: /etc/nest-test/ca.crt}}
              applies:
                after: [manifest, copies]
                apply: {kubeconfig: /etc/nest-test/copy, manifests: [/etc/nest-test/m, /etc/nest-test/m/a.yaml]}
            """
        try await withBench(tasks) { bench in
            #expect(await bench.problems() == [])
        }
    }

    @Test func `a kubeconfig that is there is checked once with all that it refers to`() async throws {
        let tasks = """
            tasks:
              a: {apply: {kubeconfig: k, manifests: [m.yaml]}}
              b: {wait: {apiServer: k}}
            """
        let authority = try TestAuthority()
        let client = try authority.issue("client", validity: .past)
        try await withBench(tasks) { bench in
            try bench.write("{apiVersion: v1, kind: Namespace, metadata: {name: a}}\n", to: "m.yaml")
            try bench.write("kind: Config\n", to: "k")
            #expect(await bench.problems().map { $0.prefix(38) } == ["DIR/k:1:1: no current context is set; "])
            let kubeconfig = """
                current-context: c
                contexts: [{name: c, context: {cluster: c, user: u}}]
                clusters: [{name: c, cluster: {server: "https://h:6443", certificate-authority: ca.crt}}]
                users: [{name: u, user: {client-certificate: \(client.certificatePath), client-key: \(client.keyPath)}}]
                """
            try bench.write(kubeconfig, to: "k")
            let missing = await bench.problems()
            let words = "DIR/k:3:81: certificate-authority of kubeconfig 'DIR/k': cannot read "
            #expect(missing.count == 1 && missing[0].hasPrefix(words), "\(missing)")
            let bytes = try readFile(authority.certificatePath, limit: 10_000)
            try bench.write(String(decoding: bytes, as: UTF8.self), to: "ca.crt")
            let expired = await bench.problems()
            #expect(expired.count == 1)
            #expect(expired.first?.contains("expired") == true, "\(expired)")
        }
    }

    @Test func `all three files of a kubeconfig task are checked`() async throws {
        let authority = try TestAuthority()
        let client = try authority.issue("client", validity: .past)
        let tasks = """
            cluster: {servers: "https://h:6443"}
            tasks:
              a:
                kubeconfig:
                  path: /etc/k
                  user: u
                  certificateAuthority: \(client.certificatePath)
                  certificate: \(client.certificatePath)
                  key: \(client.keyPath)
              b:
                kubeconfig: {path: /etc/l, user: u, certificateAuthority: /nowhere/ca, certificate: /nowhere/c, key: /nowhere/k}
              c:
                kubeconfig:
                  path: /etc/m
                  user: u
                  certificateAuthority: \(authority.certificatePath)
                  certificate: \(client.certificatePath)
                  key: \(client.keyPath)
            """
        try await withBench(tasks) { bench in
            let problems = await bench.problems().map { $0.replacing(authority.directory, with: "PKI") }
            #expect(problems.count == 5, "\(problems)")
            #expect(problems.first?.hasPrefix("DIR/bootstrap.yaml:7:29: 'PKI/client.crt' is not a CA") == true)
            #expect(problems[1...3].allSatisfy { $0.contains("cannot read '/nowhere/") }, "\(problems)")
            #expect(problems.last?.contains("expired") == true, "\(problems)")
        }
    }

    @Test func `a program may be let write what is there or is made`() async throws {
        let tasks = """
            tasks:
              makes: {file: {path: /etc/made, content: x}}
              runs: {exec: {command: sh, writes: [/nowhere/dir/, /etc/made, /etc, /nowhere/file]}}
            """
        try await withBench(tasks) { bench in
            let problems = await bench.problems()
            let words = "DIR/bootstrap.yaml:3:71: '/nowhere/file' does not exist, so the program cannot be allowed"
            #expect(problems.count == 1 && problems[0].hasPrefix(words), "\(problems)")
        }
    }

    @Test func `a pinned URL is checked if it is in the cache`() async throws {
        let text = "kind: ConfigMap\n"
        let digest = sha256(Array(text.utf8))
        let tasks = "tasks: {a: {apply: {kubeconfig: k, manifests: [{url: 'https://h/m', sha256: \(digest)}]}}}\n"
        try await withBench(tasks) { bench in
            try bench.write("kind: Config\n", to: "k")
            let without = await bench.problems()
            try bench.write(text, to: "root/var/lib/nest-bootstrap/cache/\(digest)")
            let with = await bench.problems()
            let new = with.filter { !without.contains($0) }
            #expect(new.count == 2 && new.allSatisfy { $0.hasPrefix("https://h/m:1:1: ") }, "\(new)")
        }
    }

    @Test func `objects are checked against rules and the CRDs of other tasks`() async throws {
        let tasks = """
            tasks:
              crds: {apply: {kubeconfig: k, manifests: [crd.yaml]}}
              gizmos: {after: [crds], apply: {kubeconfig: k, manifests: [gizmo.yaml]}}
            """
        try await withBench(tasks) { bench in
            try bench.write("kind: Config\n", to: "k")
            let schema = "{openAPIV3Schema: {type: object, properties: {spec: {type: string}}}}"
            try bench.write(
                """
                apiVersion: apiextensions.k8s.io/v1
                kind: CustomResourceDefinition
                metadata: {name: gizmos.e.test}
                spec: {group: e.test, names: {plural: gizmos, kind: Gizmo}, scope: Namespaced,
                  versions: [{name: v1, served: true, storage: true, schema: \(schema)}]}
                """,
                to: "crd.yaml"
            )
            try bench.write("{apiVersion: e.test/v1, kind: Gizmo, metadata: {name: g}, spec: 5}", to: "gizmo.yaml")
            let problems = await bench.problems().filter { !$0.hasPrefix("DIR/k:") }
            let words = "DIR/gizmo.yaml:1:65: Gizmo/g: field 'spec': expected a string, found the number 5"
            #expect(problems.count == 1 && problems[0].hasPrefix(words), "\(problems)")
        }
    }

    @Test func `certificates that end soon are warned of, and readable keys refused`() async throws {
        let authority = try TestAuthority()
        // The files exist as long as it does.
        defer { withExtendedLifetime(authority) {} }
        let client = try authority.issue("client", validity: .yearEndingInDays(3))
        try Files.setMode(client.keyPath, 0o644)
        try Files.setMode(authority.directory, 0o755)
        let tasks = """
            cluster: {servers: "https://h:6443", certificateAuthority: \(authority.certificatePath)}
            tasks:
              a: {kubeconfig: {path: /etc/k, user: u, certificate: \(client.certificatePath), key: \(client.keyPath)}}
              b: {kubeconfig: {path: /etc/l, user: u, certificate: \(client.certificatePath), key: \(client.keyPath)}}
            """
        try await withBench(tasks) { bench in
            let refusal = "cannot use private key '\(client.keyPath)': every user of the node can read it "
            let problems = await bench.problems()
            #expect(problems.count == 2, "\(problems)")
            let place = "DIR/bootstrap.yaml:3:\(63 + client.certificatePath.count)"
            #expect(problems.first?.hasPrefix("\(place): \(refusal)") == true, "\(problems)")
            #expect(problems.first?.hasSuffix("; run 'chmod 0600 \(client.keyPath)'") == true)
            let refused = try await bench.perform("a")
            #expect(refused.hasPrefix("cannot write kubeconfig '/etc/k': \(refusal)"), "\(refused)")
            let warnings = await bench.warnings()
            #expect(warnings.count == 1 && warnings[0].hasPrefix("DIR/bootstrap.yaml:3:56: client"), "\(warnings)")
            #expect(warnings.first?.contains("('CN=kube-admin,O=system:masters') expires in ") == true, "\(warnings)")
            // Nobody else can reach the key.
            try Files.setMode(authority.directory, 0o700)
            #expect(await bench.problems() == [])
            #expect(try await bench.perform("a") == "changed")
            #expect(bench.lines.filter { $0.hasPrefix("warning: ") }.count == 1, "\(bench.lines)")
            #expect(try await bench.perform("b") == "changed")
            #expect(bench.lines.filter { $0.hasPrefix("warning: ") }.count == 1, "\(bench.lines)")
        }
    }

    @Test func `a kubeconfig that is there is warned of with what it refers to and contains`() async throws {
        let authority = try TestAuthority()
        // The files exist as long as it does.
        defer { withExtendedLifetime(authority) {} }
        let client = try authority.issue("client", validity: .yearEndingInDays(3))
        let tasks = "tasks: {b: {wait: {apiServer: k}}}"
        try await withBench(tasks) { bench in
            try Files.setMode(bench.directory, 0o755)
            let key = Base64.encode(try readFile(client.keyPath, limit: 10_000))
            let kubeconfig = """
                current-context: c
                contexts: [{name: c, context: {cluster: c, user: u}}]
                clusters: [{name: c, cluster: {server: "https://h:6443", certificate-authority: \(authority.certificatePath)}}]
                users: [{name: u, user: {client-certificate: \(client.certificatePath), client-key-data: \(key)}}]
                """
            try bench.write(kubeconfig, to: "k")
            let warnings = await bench.warnings()
            #expect(warnings.count == 1, "\(warnings)")
            #expect(warnings.first?.hasPrefix("DIR/k: client certificate '") == true, "\(warnings)")
            let problems = await bench.problems()
            #expect(problems.count == 1, "\(problems)")
            #expect(problems.first?.hasPrefix("DIR/k: cannot use private key 'DIR/k': every user of the node") == true)
            #expect(problems.first?.hasSuffix("; run 'chmod 0600 DIR/k'") == true)
        }
    }

    @Test func `a file that an earlier task waits for need not be there yet`() async throws {
        let tasks = """
            tasks:
              appears: {wait: {file: /nowhere/k3s.yaml}}
              waits: {after: [appears], wait: {apiServer: /nowhere/k3s.yaml}}
              copies: {after: [waits], file: {path: /etc/nest-test/copy, source: /nowhere/k3s.yaml}}
              applies: {after: [waits], apply: {kubeconfig: /nowhere/k3s.yaml, manifests: [/nowhere/k3s.yaml]}}
            """
        try await withBench(tasks) { bench in
            #expect(await bench.problems() == [])
        }
        try await withBench(tasks.replacing("after: [appears], ", with: "")) { bench in
            let problems = await bench.problems().map { String($0.prefix { $0 != ";" }) }
            #expect(problems.first?.hasPrefix("DIR/bootstrap.yaml:3:29: cannot read '/nowhere/k3s.yaml': ") == true)
        }
    }

    @Test func `a path below a file that another task writes is reported`() async throws {
        let tasks = """
            tasks:
              above: {file: {path: /nest-test/above, content: text}}
              below: {after: [above], directory: {path: /nest-test/above/below}}
            """
        try await withBench(tasks) { bench in
            let reason = "'/nest-test/above' is a file that a task writes"
            #expect(
                await bench.problems() == [
                    "DIR/bootstrap.yaml:3:45: '/nest-test/above/below' cannot be written: \(reason)"
                ]
            )
        }
    }

    @Test func `objects are counted that have fields which no known schema describes`() async throws {
        let tasks = "tasks: {b: {apply: {kubeconfig: k, manifests: [m.yaml]}}}"
        try await withBench(tasks) { bench in
            let manifests = """
                {apiVersion: v1, kind: Namespace, metadata: {name: a}}
                ---
                {apiVersion: v1, kind: Namespace, metadata: {name: b}, spec: {finalizers: [kubernetes]}}
                ---
                {apiVersion: example.org/v1, kind: Thing, metadata: {name: c}, spec: {size: 1}}

                """
            try bench.write(manifests, to: "m.yaml")
            for isOffline in [false, true] {
                #expect(await NodeCheck(bench.run, isOffline: isOffline).findings().uncheckedObjectCount == 1)
            }
        }
    }

    @Test func `a kubeconfig that is not there is reported with the key that names it`() async throws {
        let tasks = """
            tasks:
              up: {timeout: 5s, wait: {apiServer: /nowhere/k3s.yaml}}
              other: {timeout: 5s, wait: {apiServer: true, kubeconfig: /nowhere/k3s.yaml}}
              applies: {timeout: 5s, apply: {kubeconfig: /nowhere/k3s.yaml, manifests: [m.yaml]}}
            """
        try await withBench(tasks) { bench async throws in
            try bench.write("{apiVersion: v1, kind: Namespace, metadata: {name: a}}\n", to: "m.yaml")
            for (task, key) in [
                ("up", "wait.apiServer"), ("other", "wait.kubeconfig"), ("applies", "apply.kubeconfig"),
            ] {
                let words = try await bench.perform(task)
                #expect(words.hasPrefix("kubeconfig '/nowhere/k3s.yaml' cannot be used: cannot read "), "\(words)")
                #expect(words.contains("; name a kubeconfig that is there in '\(key)'"), "\(words)")
            }
        }
    }
}
