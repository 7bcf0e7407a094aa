import TestSupport
import Testing

/// A report about a missing namespace, which a later task creates.
@Suite(.needsAPIServer, .temporaryDirectory, .timeLimit(.minutes(15)))
struct MissingThingsTests {
    @Test func `a missing object is reported with the task that creates it`() async throws {
        let cluster = try await TestCluster.shared.value
        let apply = "apply: {kubeconfig: \(cluster.kubeconfig), manifests: "
        // The missing object depends on a task that never succeeds: the run must know its task all the same.
        let node = try TestNode(
            """
            tasks:
              early: {\(apply)[early.yaml]}}
              gate: {exec: {command: 'false'}}
              brings: {after: [gate], \(apply)[later.yaml]}}

            """
        )
        try node.write(
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: early, namespace: missing-later}}\n",
            to: "early.yaml"
        )
        try node.write("{apiVersion: v1, kind: Namespace, metadata: {name: missing-later}}\n", to: "later.yaml")
        let result = try await node.run("run")
        #expect(result.status == 1)
        let line = result.errorLines.first { $0.hasPrefix("early: error: \(node.path("early.yaml")):1:70: ") } ?? ""
        #expect(line.contains("'missing-later'") && line.contains("after: [brings]"), "\(result.errors)")
        #expect(result.outputLines.contains("brings: skipped: 'gate' did not succeed"))
    }
}
