import Base
import TestSupport
import Testing

@testable import Actions

/// Dry runs of tasks that need what other tasks of the same run would make first.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct DryRunOrderTests {
    /// Performs tasks in a dry run, and returns what they said; each has to succeed.
    private func lines(_ tasks: String, _ names: [String], files: [String: String] = [:]) async throws -> [String] {
        var lines: [String] = []
        try await withBench(tasks, isDryRun: true) { bench async throws in
            for (name, text) in files { try bench.write(text, to: name) }
            for name in names {
                let outcome = try await bench.perform(name)
                #expect(["changed", "unchanged"].contains(outcome), "\(name): \(outcome)")
            }
            lines = bench.lines
        }
        return lines
    }

    @Test func `a certificate is issued once the program that makes its CA has run`() async throws {
        let tasks = """
            tasks:
              authority: {exec: {command: make-ca, args: [/nest-pki], creates: /nest-pki}}
              c:
                after: [authority]
                certificate:
                  path: /nest-pki/web.crt
                  key: /nest-pki/web.key
                  leaf: {commonName: web, usages: [client auth]}
                  ca: {certificate: /nest-pki/ca.crt, key: /nest-pki/ca.key}
              k:
                after: [c]
                kubeconfig:
                  {path: /k, user: u, server: 'https://127.0.0.1:9', certificateAuthority: /nest-pki/ca.crt,
                   certificate: /nest-pki/web.crt, key: /nest-pki/web.key}
              w: {after: [k], wait: {apiServer: true, kubeconfig: /k}}
              m: {after: [w], apply: {kubeconfig: /k, manifests: [m.yaml]}}
              o: {after: [w], remove: {kubeconfig: /k, objects: [{apiVersion: v1, kind: Namespace, name: a}]}}

            """
        let manifest = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: b}}"
        let authority = "would run with '/nest-pki/ca.crt', which is not known before task 'authority' has run"
        let kubeconfig = "would run with '/k', which is not known before task 'k' has run"
        #expect(
            try await lines(tasks, ["authority", "c", "k", "w", "m", "o"], files: ["m.yaml": manifest])
                == ["would run 'make-ca /nest-pki'", authority, authority] + Array(repeating: kubeconfig, count: 3)
        )
    }

    @Test func `a kubeconfig for which a task waits is known once it has ended`() async throws {
        let tasks = """
            tasks:
              w: {wait: {file: /nest-none/admin.conf}}
              m: {after: [w], apply: {kubeconfig: /nest-none/admin.conf, manifests: [m.yaml]}}

            """
        let manifest = """
            {apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: b}}
            ---
            {apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: b}}
            """
        #expect(
            try await lines(tasks, ["w", "m"], files: ["m.yaml": manifest]) == [
                "would wait for '/nest-none/admin.conf'",
                "would run with '/nest-none/admin.conf', which is not known before task 'w' has run",
            ]
        )
        // Without the task before it, the file is missing.
        try await withBench(tasks, isDryRun: true) { bench async throws in
            try bench.write(manifest, to: "m.yaml")
            let words = try await bench.perform("m")
            #expect(words.hasPrefix("kubeconfig '/nest-none/admin.conf' cannot be used: "), "\(words)")
        }
    }

    @Test func `a server that an earlier task starts is not awaited`() async throws {
        let manifest = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: b}}"
        let kubeconfig = Self.kubeconfig(server: "https://127.0.0.1:9")
        let text = """
            tasks:
              start: {exec: {command: start-server}}
              k: {file: {path: /k, mode: "0600", content: '\(kubeconfig)'}}
              w: {after: [k, start], timeout: 10m, wait: {apiServer: true, kubeconfig: /k}}
              m: {after: [w], timeout: 10m, apply: {kubeconfig: /k, manifests: [m.yaml]}}

            """
        #expect(
            try await lines(text, ["start", "k", "w", "m"], files: ["m.yaml": manifest]) == [
                "would run 'start-server'", "/k created",
                "would run with the API server, which does not answer before task 'start' has run",
                "would run with the API server, which does not answer before task 'w' has run",
            ]
        )
    }

    private static func kubeconfig(server: String) -> String {
        """
        {apiVersion: v1, kind: Config, current-context: c, clusters: [{name: c, cluster: {server: "\(server)"}}], \
        contexts: [{name: c, context: {cluster: c, user: u}}], users: [{name: u, user: {token: t}}]}
        """
    }
}
