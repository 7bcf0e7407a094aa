import Glibc
import TestSupport
import Testing

/// The file for the textfile collector, checked and read by the programs of Prometheus.
@Suite(.temporaryDirectory, .needsPrometheus, .timeLimit(.minutes(15)))
struct MetricsTests {
    private static let file = "/var/lib/prometheus/node-exporter/nest_bootstrap.prom"

    /// A node with a task that succeeds, one that fails, and a certificate.
    private func node(_ authority: TestAuthority) throws -> TestNode {
        let client = try authority.issue("client", validity: .daysAndAHalf(40))
        return try TestNode(
            """
            tasks:
              fine: {file: {path: /etc/client.crt, source: \(client.certificatePath)}}
              flaky: {exec: {command: test, args: [-e, "\(TemporaryDirectory.file("go"))"]}}
              last: {after: [flaky], symlink: {path: /x, target: /etc}}

            """
        )
    }

    private func text(_ node: TestNode) throws -> String {
        try Files.text(node.written(Self.file))
    }

    @Test func `without the directory of the collector nothing is written`() async throws {
        let authority = try TestAuthority()
        defer { withExtendedLifetime(authority) {} }
        let node = try node(authority)
        #expect(try await node.run("run").status == 1)
        #expect(try Files.status(node.written("/var/lib/prometheus")) == nil)
    }

    @Test func `promtool finds nothing to criticize, and the node exporter serves the metrics`() async throws {
        let authority = try TestAuthority()
        defer { withExtendedLifetime(authority) {} }
        let node = try node(authority)
        let directory = node.written("/var/lib/prometheus/node-exporter")
        try Files.makeDirectories(directory)
        #expect(try await node.run("run").status == 1)
        let first = try text(node)
        #expect(try Files.status(node.written(Self.file))?.mode == 0o644)
        #expect(try Files.list(directory) == ["nest_bootstrap.prom"])
        let checked = try await Tool.run(ExtractedPrograms.promtool, ["check", "metrics"], input: first)
        #expect(checked.status == 0)
        #expect(checked.output + checked.errors == "")
        #expect(first.contains("nest_bootstrap_task_outcome{task=\"flaky\",outcome=\"failed\"} 1\n"))
        #expect(first.contains("nest_bootstrap_task_outcome{task=\"last\",outcome=\"skipped\"} 1\n"))
        #expect(!first.contains("last_success_timestamp_seconds{task=\"flaky\"}"))
        #expect(first.contains("nest_bootstrap_certificate_expiry_timestamp_seconds{path=\"/etc/client.crt\",subject="))

        // A run that fails after a success keeps its time.
        try Files.write([], to: TemporaryDirectory.file("go"), mode: 0o600)
        #expect(try await node.run("run").status == 0)
        try Files.remove(TemporaryDirectory.file("go"))
        for _ in 0..<2 { #expect(try await node.run("run").status == 1) }
        let last = try text(node)
        #expect(last.contains("nest_bootstrap_task_attempts{task=\"flaky\"} 2\n"))
        #expect(last.contains("nest_bootstrap_task_last_success_timestamp_seconds{task=\"flaky\"} "))
        let served = try await scrape(directory)
        for line in last.split(separator: "\n") where !line.hasPrefix("#") {
            // With the character after the name: there are labels or there are none.
            let name = line.prefix { !"{ ".contains($0) }
            #expect(served.contains("\n\(line.prefix(name.count + 1))"), "\(line)")
        }
        #expect(served.contains("\nnode_textfile_scrape_error 0\n"))
        #expect(served.contains("node_textfile_mtime_seconds{file=\"\(directory)/nest_bootstrap.prom\"}"))
    }

    /// What the node exporter serves.
    private func scrape(_ directory: String) async throws -> String {
        let address = "127.0.0.1:\(try freePort())"
        let exporter = try Tool(
            ExtractedPrograms.nodeExporter,
            [
                "--collector.disable-defaults", "--collector.textfile", "--collector.textfile.directory=\(directory)",
                "--web.listen-address=\(address)",
            ]
        )
        let program = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read().decode())"
        var served = ""
        let isServed = try await becomes {
            let result = try await Tool.run("python3", ["-c", program, "http://\(address)/metrics"])
            served = result.output
            return result.status == 0
        }
        exporter.signal(SIGTERM)
        let ended = await exporter.result()
        #expect(isServed, "\(ended.errors)")
        return served
    }

    @Test func `a link in place of the directory is a warning, and is not followed`() async throws {
        let node = try TestNode("tasks: {t: {symlink: {path: /x, target: /etc}}}\n")
        try Files.makeDirectories(node.written("/var/lib/prometheus"))
        try Files.makeDirectories(node.written("/elsewhere"))
        let path = node.written("/var/lib/prometheus/node-exporter")
        try Files.makeSymbolicLink(at: path, to: "../../../elsewhere")
        let result = try await node.run("run")
        #expect(result.status == 0)
        #expect(result.errors.contains("warning: cannot write the metrics: "), "\(result.errors)")
        #expect(result.errors.contains("is a symbolic link"), "\(result.errors)")
        #expect(try Files.list(node.written("/elsewhere")) == [])
    }
}
