import Base
import TestSupport
import Testing

@testable import Actions

/// Verb `wait`, as far as no server is needed.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct WaitActionTests {
    @Test(
        arguments: [
            ("tcp: 'node:6443'", "node:6443"), ("file: /nowhere", "'/nowhere'"),
            ("unit: a.service", "unit 'a.service'"), ("interface: nest0", "interface 'nest0'"),
            ("address: 203.0.113.0/24", "an address in 203.0.113.0/24"),
            ("url: 'https://node/healthz'", "'https://node/healthz'"),
            ("kubeconfig: /k, object: {apiVersion: apps/v1, kind: DaemonSet, name: a, namespace: b}", "DaemonSet/b/a"),
        ]
    )
    func `a dry run does not wait for what other tasks may produce`(fields: String, subject: String) async throws {
        try await withBench("tasks: {it: {wait: {\(fields)}}}\n", isDryRun: true) { bench async throws in
            #expect(try await bench.perform("it") == "unchanged")
            #expect(bench.lines == ["would wait for \(subject)"])
        }
    }

    @Test func `a dry run reports no wait for what is there`() async throws {
        let server = try LoopbackServer { _ in .response(200) }
        let conditions = [
            "tcp: '127.0.0.1:\(server.port)'", "file: /etc", "url: '\(server.url)/'", "interface: lo",
            "address: 127.0.0.1",
        ]
        for fields in conditions {
            try await withBench("tasks: {it: {wait: {\(fields)}}}\n", isDryRun: true) { bench async throws in
                #expect(try await bench.perform("it") == "unchanged")
                #expect(bench.lines == [], "\(fields)")
            }
        }
    }

    @Test(
        arguments: [
            "tcp: '127.0.0.1:9'", "file: /nowhere", "url: 'http://127.0.0.1:9/'", "interface: nest0",
            "address: 203.0.113.1",
        ]
    )
    func `a wait lasts as long as its task may take`(condition: String) async throws {
        try await withBench("tasks: {it: {timeout: 1s, wait: {\(condition)}}}\n") { bench async throws in
            let words = try await bench.perform("it")
            #expect(words.hasPrefix("timed out after 1s waiting for "), "\(words)")
        }
    }

    @Test func `a file that was written under the root is found`() async throws {
        let tasks = """
            tasks:
              write: {file: {path: /etc/nest-test/here, content: x}}
              it: {timeout: 300ms, wait: {file: /etc/nest-test/here}}
            """
        try await withBench(tasks) { bench async throws in
            let words = try await bench.perform("it")
            #expect(words.hasPrefix("timed out after 300ms waiting for '/etc/nest-test/here': it does not"), "\(words)")
            _ = try await bench.perform("write")
            #expect(try await bench.perform("it") == "unchanged")
        }
    }

    @Test func `a URL of a server that expects TLS is not waited for`() async throws {
        let body = Array("Client sent an HTTP request to an HTTPS server.\n".utf8)
        let server = try LoopbackServer { _ in .response(400, body: body) }
        try await withBench("tasks: {it: {timeout: 50s, wait: {url: '\(server.url)/'}}}\n") { bench async throws in
            let expected = "cannot wait for '\(server.url)/': the server expects TLS; write https:// in 'url'"
            #expect(try await bench.perform("it") == expected)
        }
    }
}
