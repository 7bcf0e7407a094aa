import TestSupport
import Testing

/// Objects that two manifests of a task describe.
@Suite(.needsAPIServer, .temporaryDirectory, .timeLimit(.minutes(15)))
struct RepeatedObjectTests {
    private func map(_ metadata: String) -> String {
        "{apiVersion: v1, kind: ConfigMap, metadata: {\(metadata)}, data: {a: b}}\n"
    }

    @Test func `an object that is described twice is counted once`() async throws {
        let cluster = try await TestCluster.shared.value
        let node = try TestNode(
            "tasks: {it: {apply: {kubeconfig: \(cluster.kubeconfig), manifests: [a.yaml, b.yaml, c.yaml]}}}\n"
        )
        for file in ["a", "b"] { _ = try node.write(map("name: twice"), to: "\(file).yaml") }
        _ = try node.write(map("name: once"), to: "c.yaml")
        let result = try await node.run("run", "--output", "json")
        #expect(result.outputLines.contains { $0.contains(#""event":"object-count""#) && $0.contains(#""count":2"#) })
        #expect(result.outputLines.count { $0.contains(#""object":"ConfigMap/"#) } == 2)
    }
}
