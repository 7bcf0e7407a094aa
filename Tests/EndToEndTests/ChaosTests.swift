import TestSupport
import Testing

extension FreshServerTests {
    /// A few seeds of the campaign of `make chaos`, one of each layer; `docs/faults.md` describes it.
    @Suite struct ChaosTests {
        @Test func `disturbed runs end in the cluster of an undisturbed one`() async throws {
            let result = try await Tool.run(
                "\(TestCluster.sourceRoot)/Tests/chaos/chaos",
                ["--program", TestNode.program, "--workers", "1", "--schedules", "5", "--kills", "5", "--signals", "5"]
                    + ["--seed", "5"],
            )
            #expect(result.status == 0, "\(result.output)\n\(result.errors)")
            print(result.output)
        }
    }
}
