import TestSupport
import Testing

@testable import Actions

/// Verb `wait`, as far as no server is needed.
@Suite(.temporaryDirectory, .timeLimit(.minutes(3)))
struct WaitActionTests {
    @Test(
        arguments: [
            ("tcp: 'node:6443'", "node:6443"), ("file: /nowhere", "'/nowhere'"),
            ("unit: a.service", "unit 'a.service'"),
            ("url: 'https://node/healthz'", "'https://node/healthz'"),
            ("kubeconfig: /k, object: {apiVersion: apps/v1, kind: DaemonSet, name: a, namespace: b}", "DaemonSet/b/a"),
        ]
    )
    func `a dry run does not wait for what other tasks may bring`(fields: String, subject: String) async throws {
        try await withBench("tasks: {it: {wait: {\(fields)}}}\n", isDryRun: true) { bench async throws in
            #expect(try await bench.perform("it") == "unchanged")
            #expect(bench.lines == ["| would wait for \(subject)"])
        }
    }

    @Test func `a file that was written under the root has come`() async throws {
        let tasks = """
            tasks:
              write: {file: {path: /etc/nest-test/here, content: x}}
              it: {timeout: 300ms, wait: {file: /etc/nest-test/here}}
            """
        try await withBench(tasks) { bench async throws in
            let expected =
                "waited in vain for '/etc/nest-test/here': it does not exist; "
                + "see why it does not come, or raise 'timeout' of task 'it'"
            #expect(try await bench.perform("it") == expected)
            _ = try await bench.perform("write")
            #expect(try await bench.perform("it") == "unchanged")
        }
    }
}
