import TestSupport
import Testing

/// Objects that someone else changes after the agent has applied them.
@Suite(.tags(.everyServer), .needsAPIServer, .temporaryDirectory, .timeLimit(.minutes(30)))
struct DriftTests {
    /// Makes a node with one task, called `t`.
    private func node(
        _ name: String,
        _ manifest: String,
        _ cluster: TestCluster,
        options: String = ""
    ) throws -> TestNode {
        let directory = TemporaryDirectory.file(name)
        let tasks = "tasks: {t: {apply: {kubeconfig: \(cluster.kubeconfig), manifests: [m.yaml]\(options)}}}\n"
        let node = try TestNode(tasks, in: directory)
        try node.write(manifest, to: "m.yaml")
        return node
    }

    private func map(_ namespace: String, _ data: String) -> String {
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m, namespace: \(namespace)}\ndata: \(data)\n"
    }

    @Test func `a workload that was scaled by hand is reported if the server records it, and otherwise restored`()
        async throws
    {
        let cluster = try await TestCluster.shared(namespace: "scaled")
        let manifest = """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: d, namespace: scaled}
            spec:
              replicas: 1
              paused: true
              selector: {matchLabels: {a: b}}
              template:
                metadata: {labels: {a: b}}
                spec: {containers: [{name: c, image: x}]}
            """
        let node = try node("n", manifest, cluster)
        #expect(try await node.run("run").status == 0)
        try await cluster.mustRunKubectl("scale", "deployment/d", "-n", "scaled", "--replicas=3")
        let result = try await node.run("run")
        if try await cluster.isAtLeast(minor: 22) {
            #expect(result.status == 1)
            let line = "m.yaml:5:3: Deployment/scaled/d: field 'spec.replicas' is owned by 'kubectl'"
            #expect(result.errors.contains(line), "\(result.errors)")
            #expect(
                result.errors.contains("3 on the server, 1 here; take it with 'apply: {conflicts: force}'"),
                "\(result.errors)"
            )
        } else {
            #expect(result.status == 0, "\(result.errors)")
        }
        let forcing = try self.node("forcing", manifest, cluster, options: ", conflicts: force")
        #expect(try await forcing.run("run").status == 0)
        #expect(try await cluster.object("deployment", "d", namespace: "scaled")["spec"]?["replicas"]?.integer == 1)
    }

    @Test func `another node's manifest of the same object wins, and every change is named`() async throws {
        let cluster = try await TestCluster.shared(namespace: "two-nodes")
        let one = try node("one", map("two-nodes", "{a: '1', b: '2'}"), cluster)
        let other = try node("other", map("two-nodes", "{a: '9'}"), cluster)
        #expect(try await one.run("run").status == 0)
        for (node, data) in [(other, "{a: '9'}"), (one, "{a: '1', b: '2'}")] {
            let result = try await node.run("run")
            #expect(result.status == 0, "\(result.errors)")
            #expect(result.outputLines.contains("t: ConfigMap/two-nodes/m configured"))
            #expect(result.outputLines.contains("t:     data.a") && result.outputLines.contains("t:     data.b"))
            let live = try await cluster.object("configmap", "m", namespace: "two-nodes")
            #expect(live["data"] == (try await data.yamlDocuments().first))
        }
    }
}
