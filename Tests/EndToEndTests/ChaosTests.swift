import TestSupport
import Testing

/// A few seeds of the campaign of `make chaos`, one of each way in the network; `docs/faults.md` describes it.
@Suite(.needsAPIServer, .timeLimit(.minutes(30)))
struct ChaosTests {
    @Test func `disturbed runs end in the cluster of an undisturbed one`() async throws {
        let result = try await Tool.run(
            "\(TestCluster.sourceRoot)/Tests/chaos/chaos",
            ["--program", TestNode.program, "--workers", "1", "--length", "1.5"]
                + ["--seed", "195", "--schedules", "3", "--kills", "5"],
        )
        #expect(result.status == 0, "\(result.output)\n\(result.errors)")
        print(result.output)
    }
}
