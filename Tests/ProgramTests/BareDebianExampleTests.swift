import TestSupport
import Testing

/// The task file of `examples/bare-debian`, whose node `BootTests` boots.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
struct BareDebianExampleTests {
    private static let example = "\(TestCluster.sourceRoot)/examples/bare-debian/bootstrap.yaml"
    private static let guide = "\(TestCluster.sourceRoot)/docs/guides/bare-debian.md"

    /// The variables of the example.
    private func variables() async throws -> [String: String] {
        let document = try #require(try await Files.text(Self.example).yamlDocuments().first)
        return (document["variables"]?.mapping ?? [:]).compactMapValues(\.string)
    }

    @Test func `every node of the file has a plan without mistakes, also with the drop-in of the guide`() async throws {
        let config = TemporaryDirectory.file("bootstrap.yaml")
        try Files.write(Files.read(Self.example), to: config, mode: 0o644)
        for (nodes, tasks) in [(2, 23), (3, 22)] {
            let result = try await Tool.run(TestNode.program, ["check", "--all-nodes", "--config", config])
            #expect(result.status == 0, "\(result.errors)")
            #expect(result.output.contains("worker-01 (worker): \(tasks) tasks\n"), "\(result.output)")
            #expect(result.output.hasSuffix("\(nodes) nodes, nothing wrong\n"), "\(result.output)")
            let blocks = try Files.text(Self.guide).matches(
                of: /```yaml\n\s*(# \/etc\/nest-bootstrap\/bootstrap\.d[^`]*)```/
            )
            let dropIn = try #require(blocks.first.map { String($0.output.1) }).replacing("\n   ", with: "\n")
            try Files.write(Array(dropIn.utf8), to: TemporaryDirectory.file("bootstrap.d/50-site.yaml"), mode: 0o644)
        }
    }

    @Test func `every archive is pinned, and the guide says under which digest it is found`() async throws {
        let variables = try await variables()
        let guide = try Files.text(Self.guide)
        let names = variables.keys.filter { $0.hasSuffix("URL") }.map { $0.dropLast("URL".count) }
        #expect(Set(names) == ["kubelet", "containerd", "runc", "plugins", "crictl"])
        for name in names {
            let digest = try #require(variables["\(name)Digest"])
            #expect(digest.count == 64 && digest.allSatisfy(\.isHexDigit), "\(name)")
            #expect(guide.contains("| `\(digest)` |"), "\(name)")
            let file = try #require(variables["\(name)URL"]?.split(separator: "/").last)
            #expect(guide.contains(file), "\(file)")
        }
    }
}
