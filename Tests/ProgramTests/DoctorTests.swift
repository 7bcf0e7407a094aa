import TestSupport
import Testing

/// `doctor` for a root directory without a kubelet.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
struct DoctorTests {
    @Test func `a machine without kubelet is no node, with exit code 1`() async throws {
        let node = try TestNode("tasks: {}\n")
        let result = try await node.run("doctor")
        #expect(result.status == 1, "\(result.errors)")
        #expect(result.outputLines.first?.hasPrefix("kubelet: is not installed") == true, "\(result.output)")
        let json = try await node.run("doctor", "--output", "json")
        #expect(json.status == 1)
        #expect(json.output.contains(#""code":"kubelet-not-installed""#))
    }
}
