import TestSupport
import Testing

/// The task file of `examples/ha-control-plane`, whose nodes `BootTests` boots.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
struct ControlPlaneExampleTests {
    private static let example = "\(TestCluster.sourceRoot)/examples/ha-control-plane/bootstrap.yaml"

    private func check(_ dropIn: String) async throws -> ToolResult {
        let config = TemporaryDirectory.file("bootstrap.yaml")
        try Files.write(Files.read(Self.example), to: config, mode: 0o644)
        let text = "variables: {share: \"\(TestCluster.sourceRoot)\"}\n\(dropIn)"
        try Files.write(Array(text.utf8), to: TemporaryDirectory.file("bootstrap.d/50-test.yaml"), mode: 0o644)
        return try await Tool.run(TestNode.program, ["check", "--all-nodes", "--config", config])
    }

    @Test func `every node of the file has a plan without mistakes`() async throws {
        let result = try await check("")
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.hasSuffix("5 nodes, nothing wrong\n"), "\(result.output)")
        #expect(result.output.contains("cp-01 (control-plane): 37 tasks, 41 objects\n"), "\(result.output)")
    }

    @Test func `a control plane without an address is a mistake with its place`() async throws {
        let result = try await check("nodes: {cp-04: {role: control-plane}}\n")
        #expect(result.status == 78)
        #expect(result.errors.contains("cp-04"), "\(result.errors)")
    }
}
