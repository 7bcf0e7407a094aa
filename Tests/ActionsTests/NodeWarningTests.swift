import TestSupport
import Testing

@testable import Actions

/// What `check` says about files that appear later, and objects that it cannot check.
@Suite(.temporaryDirectory, .timeLimit(.minutes(5)))
struct NodeWarningTests {
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
