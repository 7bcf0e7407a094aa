import TestSupport
import Testing

/// The files in `examples/prometheus`.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
struct PrometheusExampleTests {
    private static let directory = "\(TestCluster.sourceRoot)/examples/prometheus"

    private func text(_ name: String) throws -> String {
        try Files.text("\(Self.directory)/\(name)")
    }

    private func promtool(_ arguments: String...) async throws -> ToolResult {
        try await Tool.run(ExtractedPrograms.promtool, arguments)
    }

    @Test(.needsPrometheus) func `the alerts do what their tests say`() async throws {
        let result = try await promtool("test", "rules", "\(Self.directory)/rules-test.yml")
        #expect(result.status == 0, "\(result.output)\(result.errors)")
        #expect(result.output.contains("SUCCESS"))
        let names = try text("rules.yml").matches(of: /alert: (\w+)/).map { String($0.output.1) }
        let tested = try text("rules-test.yml")
        for name in names { #expect(tested.contains("alertname: \(name)"), "\(name) has no test") }
    }

    /// Debian builds Prometheus without the discovery through the Kubernetes API, so that is replaced.
    @Test(.needsPrometheus) func `the scrape configuration is valid`() async throws {
        let account = "/var/run/secrets/kubernetes.io/serviceaccount"
        let configuration = try text("prometheus.yml").replacing(account, with: TemporaryDirectory.path)
        let discovery = /kubernetes_sd_configs: \[\{role: (\w+)\}\]/
        let roles = configuration.matches(of: discovery).map { String($0.output.1) }
        #expect(roles == ["node", "node", "pod"])
        let written = configuration.replacing(discovery, with: "static_configs: []")
        let files = [
            ("prometheus.yml", written), ("rules.yml", try text("rules.yml")), ("token", ""), ("ca.crt", ""),
        ]
        for (name, content) in files {
            try Files.write(Array(content.utf8), to: TemporaryDirectory.file(name), mode: 0o600)
        }
        let result = try await promtool("check", "config", TemporaryDirectory.file("prometheus.yml"))
        #expect(result.status == 0, "\(result.output)\(result.errors)")
    }

    /// What becomes of targets that the discovery of a role has found.
    private func discover(_ job: String, role: String, _ targets: String) async throws -> String {
        let account = "/var/run/secrets/kubernetes.io/serviceaccount"
        let configuration = try text("prometheus.yml").replacing(account, with: TemporaryDirectory.path)
            .replacing("kubernetes_sd_configs: [{role: \(role)}]", with: "static_configs: [\(targets)]")
            .replacing(/kubernetes_sd_configs: .*/, with: "static_configs: []")
        for (name, content) in [("prometheus.yml", configuration), ("rules.yml", ""), ("token", ""), ("ca.crt", "")] {
            try Files.write(Array(content.utf8), to: TemporaryDirectory.file(name), mode: 0o600)
        }
        let result = try await promtool("check", "service-discovery", TemporaryDirectory.file("prometheus.yml"), job)
        #expect(result.status == 0, "\(result.errors)")
        return result.output
    }

    @Test(.needsPrometheus)
    func `the node exporters of nodes and the ports of pods are scraped, also at IPv6 addresses`()
        async throws
    {
        let nodes = try await discover("node", role: "node", "{targets: ['10.0.0.1:10250', '[fd00::1]:10250']}")
        for target in ["10.0.0.1:9100", "[fd00::1]:9100"] { #expect(nodes.contains("\"\(target)\""), "\(nodes)") }
        // Without a port of a container the address has no brackets.
        let pods = [("10.0.0.1", "10.0.0.1:80"), ("fd00::1", "fd00::1")].map { address, target in
            """
            {targets: ['\(target)'], labels: {__meta_kubernetes_pod_ip: '\(address)', \
            __meta_kubernetes_pod_annotation_prometheus_io_scrape: 'true', \
            __meta_kubernetes_pod_annotation_prometheus_io_port: '9090'}}
            """
        }
        let scraped = try await discover("pods", role: "pod", pods.joined(separator: ", "))
        for target in ["10.0.0.1:9090", "[fd00::1]:9090"] {
            #expect(scraped.contains("\"\(target)\""), "\(scraped)")
        }
    }

    @Test func `every metric of the dashboard and the alerts is one of the agent, and the dashboard has all`()
        async throws
    {
        let authority = try TestAuthority()
        // The files exist as long as it does.
        defer { withExtendedLifetime(authority) {} }
        let tasks = "tasks: {t: {file: {path: /etc/ca.crt, source: \(authority.certificatePath)}}}\n"
        let node = try TestNode(tasks)
        let file = node.written("/var/lib/prometheus/node-exporter/nest_bootstrap.prom")
        try Files.makeDirectories(node.written("/var/lib/prometheus/node-exporter"))
        #expect(try await node.run("run").status == 0)
        func names(_ text: String) -> Set<String> {
            Set(text.matches(of: /nest_bootstrap_\w+/).map { String($0.output) })
        }
        let printed = names(try Files.text(file))
        #expect(names(try text("dashboard.json")) == printed)
        #expect(names(try text("rules.yml") + text("rules-test.yml")).subtracting(printed) == [])
        let document = "\(TestCluster.sourceRoot)/docs/metrics.md"
        #expect(names(try Files.text(document)) == printed)
    }

    @Test func `the dashboard has panels with queries, side by side`() throws {
        let dashboard = try JSON(try text("dashboard.json"))
        let panels = try #require(dashboard["panels"]?.sequence)
        #expect(Set(panels.compactMap { $0["id"]?.integer }).count == panels.count)
        var cells: Set<String> = []
        var count = 0
        for panel in panels {
            #expect(panel["targets"]?.sequence?.first?["expr"]?.string?.isEmpty == false)
            #expect(panel["datasource"]?["uid"]?.string == "${datasource}")
            let place = try #require(panel["gridPos"])
            let (x, y) = (try #require(place["x"]?.integer), try #require(place["y"]?.integer))
            let (width, height) = (try #require(place["w"]?.integer), try #require(place["h"]?.integer))
            #expect(x + width <= 24)
            for column in x..<x + width { for row in y..<y + height { cells.insert("\(column) \(row)") } }
            count += width * height
        }
        #expect(cells.count == count, "panels overlap")
        let variables = dashboard["templating"]?["list"]?.sequence?.compactMap { $0["name"]?.string }
        #expect(variables == ["datasource", "instance"])
    }
}
