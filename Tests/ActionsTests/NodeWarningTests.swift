import TestSupport
import Testing

@testable import Actions

/// What `check` says about files that appear later and about connections that cannot work.
@Suite(.temporaryDirectory, .timeLimit(.minutes(3)))
struct NodeWarningTests {
    @Test func `a program that talks to an API server is warned of if its unit has no network`() async throws {
        let tasks = """
            tasks:
              approves: {exec: {command: kubectl, args: [certificate, approve, x]}}
              installs: {exec: {command: /usr/bin/helm, args: [upgrade, x, y], network: true}}
              renders: {exec: {command: kubectl, args: [kustomize, /etc/x]}}
              other: {exec: {command: touch, args: [/etc/x]}}
            """
        try await withBench(tasks) { bench in
            #expect(
                await bench.warnings() == [
                    "DIR/bootstrap.yaml:2:30: 'kubectl' talks to an API server, and the unit of task 'approves' has no "
                        + "network; add 'network: true' to 'exec' of the task"
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
                problems.first == "DIR/bootstrap.yaml:3:29: cannot read '/nowhere/k3s.yaml': No such file or directory"
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

    @Test func `objects are counted whose fields are not known, as no schema of their server is kept`() async throws {
        let tasks = "tasks: {b: {apply: {kubeconfig: k, manifests: [m.yaml]}}}"
        try await withBench(tasks) { bench in
            try bench.write("{apiVersion: v1, kind: Namespace, metadata: {name: a}}\n", to: "m.yaml")
            // It is not known which server this is about.
            #expect(await NodeCheck(bench.run).findings().uncheckedObjectCount == 0)
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
              applies: {timeout: 5s, apply: {kubeconfig: /nowhere/k3s.yaml, manifests: [m.yaml]}}
            """
        try await withBench(tasks) { bench async throws in
            try bench.write("{apiVersion: v1, kind: Namespace, metadata: {name: a}}\n", to: "m.yaml")
            for (task, key) in [("up", "wait.apiServer"), ("applies", "apply.kubeconfig")] {
                let expected =
                    "kubeconfig '/nowhere/k3s.yaml' cannot be used: cannot read '/nowhere/k3s.yaml': "
                    + "No such file or directory; name a kubeconfig that is there in '\(key)', let a 'kubeconfig' task "
                    + "write it, or wait for it in an earlier task: wait: {file: /nowhere/k3s.yaml}"
                #expect(try await bench.perform(task) == expected)
            }
        }
    }
}
