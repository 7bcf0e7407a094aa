import TestSupport
import Testing

@testable import Actions

/// What `check` says about command lines, files that appear later, and connections that cannot work.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
struct NodeWarningTests {
    @Test func `a program that talks to an API server is warned of if its unit has no network`() async throws {
        let tasks = """
            tasks:
              approves: {exec: {command: kubectl, args: [certificate, approve, x]}}
              installs: {exec: {command: /usr/bin/helm, args: [upgrade, x, chart], network: true}}
              renders: {exec: {command: kubectl, args: [kustomize, /etc/x]}}
              reads: {exec: {command: kubectl, args: [-n, kube-system, --v=5, get, configmap, config]}}
              writes: {exec: {command: kubectl, args: [--kubeconfig, /etc/k, config, set-cluster, a]}}
              other: {exec: {command: touch, args: [/etc/x]}}
            """
        try await withBench(tasks) { bench in
            #expect(
                await bench.warnings() == [
                    "DIR/bootstrap.yaml:2:30: 'kubectl' needs the network, and the unit of task 'approves' has none; "
                        + "add 'network: true' to 'exec' of the task",
                    "DIR/bootstrap.yaml:5:27: 'kubectl' needs the network, and the unit of task 'reads' has none; "
                        + "add 'network: true' to 'exec' of the task",
                ]
            )
        }
    }

    @Test(arguments: [
        "command: sh, args: [-c, 'echo a; kubectl --kubeconfig /k get nodes']",
        "command: ls, preStart: 'kubectl get nodes'",
    ])
    func `kubectl in a text for a shell needs the network too`(keys: String) async throws {
        try await withBench("tasks: {a: {exec: {\(keys)}}}\n") { bench in
            let words = "'kubectl' needs the network, and the unit of task 'a' has none"
            #expect(await bench.warnings().contains { $0.contains(words) })
        }
    }

    @Test func `a task whose programs miss several needs has one warning`() async throws {
        let tasks = "tasks: {a: {exec: {command: sh, args: [-c, 'systemctl start x; modprobe y']}}}\n"
        try await withBench(tasks) { bench in
            let warnings = await bench.warnings().filter { $0.contains("sandbox") }
            #expect(warnings.count == 1, "\(warnings)")
            let words = "'systemctl' and 'modprobe' work in a shell, and the sandbox of the unit of task 'a' stops them"
            #expect(warnings.first?.hasSuffix(": \(words); write needs: [systemd, modules] below exec:") == true)
        }
    }

    @Test func `a CA for a URL without TLS is warned of`() async throws {
        let tasks = """
            tasks:
              ca: {file: {path: /etc/nest/ca.crt, content: x}}
              plain: {after: [ca], wait: {url: "http://h:8080/", certificateAuthority: /etc/nest/ca.crt}}
              other: {after: [ca], wait: {url: "https://h:8443/", certificateAuthority: /etc/nest/ca.crt}}
            """
        try await withBench(tasks) { bench in
            #expect(
                await bench.warnings() == [
                    "DIR/bootstrap.yaml:3:76: 'url' of task 'plain' begins with http://, and 'certificateAuthority' is "
                        + "for TLS only; write https:// if the server expects TLS, or remove 'certificateAuthority'"
                ]
            )
        }
    }

    @Test func `a line of a shell is no command, and the keys for it are said`() async throws {
        let words = "  a: {exec: {command: no-such get nodes}}\n"
        let slashes = "  c: {exec: {command: no-such apply -f /etc/x.yaml, args: [--wait]}}\n"
        let path = "  d: {exec: {command: 'bin/no-such https://h/a/../b'}}\n"
        let copied = "  e: {exec: {command: no-such\u{a0}get}}\n"
        let home = "  f: {exec: {command: no-such ~/a, args: ['b c']}}\n"
        let tasks =
            "tasks:\n\(words)  b: {exec: {command: no-such get | grep Ready}}\n\(slashes)\(path)\(copied)\(home)"
        try await withBench(tasks) { bench in
            #expect(
                await bench.problems() == [
                    "DIR/bootstrap.yaml:2:23: command 'no-such get nodes' not found; "
                        + "write command: no-such and args: [get, nodes]",
                    "DIR/bootstrap.yaml:3:23: command 'no-such get | grep Ready' not found; "
                        + "write command: sh and args: [-c, 'no-such get | grep Ready']",
                    "DIR/bootstrap.yaml:4:23: command 'no-such apply -f /etc/x.yaml' not found; "
                        + "write command: no-such and args: [apply, -f, /etc/x.yaml, --wait]",
                    "DIR/bootstrap.yaml:5:23: command 'DIR/bin/no-such https://h/a/../b' not found; "
                        + "write command: DIR/bin/no-such and args: [https://h/a/../b]",
                    "DIR/bootstrap.yaml:6:23: command 'no-such\u{a0}get' not found; "
                        + "write command: no-such and args: [get]",
                    "DIR/bootstrap.yaml:7:23: command 'no-such ~/a' not found; "
                        + "write command: sh and args: [-c, 'no-such ~/a ''b c''']",
                ]
            )
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
            #expect(
                problems.first
                    == "DIR/bootstrap.yaml:3:29: cannot read '/nowhere/k3s.yaml': directory '/nowhere' does not exist"
            )
        }
    }

    @Test func `certificates for a server without TLS are warned of`() async throws {
        let authority = try TestAuthority()
        // The files exist as long as it does.
        defer { withExtendedLifetime(authority) {} }
        let client = try authority.issue("client")
        let tasks = """
            cluster: {servers: "http://127.0.0.1:6443", certificateAuthority: \(authority.certificatePath)}
            tasks:
              admin:
                kubeconfig: {path: /etc/nest/k, user: u, certificate: \(client.certificatePath), key: \(client.keyPath)}
              up: {after: [admin], wait: {apiServer: true}}
            """
        try await withBench(tasks) { bench in
            #expect(
                await bench.warnings() == [
                    "DIR/bootstrap.yaml:3:3: kubeconfig '/etc/nest/k' has server 'http://127.0.0.1:6443', and "
                        + "certificates, which only TLS uses; write https://127.0.0.1:6443 if the server expects TLS"
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
            // It is not known which server this is about.
            #expect(await NodeCheck(bench.run).findings().uncheckedObjectCount == 1)
            #expect(await NodeCheck(bench.run, isOffline: true).findings().uncheckedObjectCount == 1)
            let kubeconfig = """
                {current-context: a, contexts: [{name: a, context: {cluster: a, user: a}}],
                 clusters: [{name: a, cluster: {server: "https://127.0.0.1:1"}}], users: [{name: a, user: {token: a}}]}
                """
            try bench.write(kubeconfig, to: "k", mode: 0o600)
            #expect(await NodeCheck(bench.run).findings().uncheckedObjectCount == 1)
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
                let expected =
                    "kubeconfig '/nowhere/k3s.yaml' cannot be used: cannot read '/nowhere/k3s.yaml': "
                    + "directory '/nowhere' does not exist; name a kubeconfig that is there in '\(key)', let a 'kubeconfig' task "
                    + "write it, or wait for it in an earlier task: wait: {file: /nowhere/k3s.yaml}"
                #expect(try await bench.perform(task) == expected)
            }
        }
    }
}
