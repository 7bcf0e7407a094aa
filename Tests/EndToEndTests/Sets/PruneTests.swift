import TestSupport
import Testing

/// `prune` of verb `apply` on a real API server.
@Suite(.needsAPIServer, .temporaryDirectory, .timeLimit(.minutes(15)))
struct PruneTests {
    @Test func `what the manifests no longer contain is deleted, and a dry run and diff show it`() async throws {
        let set = try await PrunedSet("deleted")
        try set.write(["a", "b"])
        let first = try await set.node.run("run")
        #expect(first.status == 0, "\(first.errors)")
        #expect(try await set.members() == ["ConfigMap/deleted/a", "ConfigMap/deleted/b"])
        let version = try await set.parent()["metadata"]?["resourceVersion"]?.string
        let second = try await set.node.run("run")
        #expect(second.outputLines.last == "1 task: 1 unchanged", "\(second.output)\(second.errors)")
        #expect(try await set.parent()["metadata"]?["resourceVersion"]?.string == version)

        try set.write(["a"])
        let planned = try await set.node.run("run", "--dry-run")
        #expect(planned.status == 0, "\(planned.errors)")
        #expect(planned.output.contains("deleted: ConfigMap/deleted/b would be deleted\n"), "\(planned.output)")
        let diff = try await set.node.run("diff")
        #expect(diff.status == 1)
        #expect(
            diff.output == "--- ConfigMap/deleted/b\n+++ /dev/null\n1 task: 1 would change\n",
            "\(diff.output)\(diff.errors)"
        )
        #expect(try await set.names() == ["a", "b"])

        let third = try await set.node.run("run")
        #expect(third.status == 0, "\(third.errors)")
        #expect(third.output.contains("deleted: ConfigMap/deleted/b deleted\n"), "\(third.output)")
        #expect(try await set.names() == ["a"])
        #expect(try await set.members() == ["ConfigMap/deleted/a"])
        let status = try await set.node.run("status", "--output", "json").output.json
        #expect(status["tasks"]?.sequence?.first?["objects"]?["deleted"]?.integer == 1)
    }

    @Test func `nothing is deleted if a manifest cannot be read or applied`() async throws {
        let set = try await PrunedSet("failing")
        try set.write(["a", "b"])
        #expect(try await set.node.run("run").status == 0)
        for broken in [
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}", set.map("not a name"),
            "{apiVersion: example.org/v1, kind: Nothing, metadata: {name: n}}",
        ] {
            try set.write(["a"], more: broken)
            #expect(try await set.node.run("run").status == 1)
            #expect(try await set.names() == ["a", "b"], "\(broken)")
        }
        try set.write([], more: "{apiVersion: v1, kind: ConfigMap")
        #expect(try await set.node.run("run").status == 1)
        #expect(try await set.names() == ["a", "b"])
    }

    @Test func `objects are deleted when the others are rolled out`() async throws {
        let set = try await PrunedSet("rollout")
        let deployment = { (replicas: Int) in
            "{apiVersion: apps/v1, kind: Deployment, metadata: {name: d, namespace: rollout}, spec: {replicas: \(replicas), "
                + "selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, "
                + "spec: {containers: [{name: c, image: i}]}}}}"
        }
        try set.write(["a", "b"])
        #expect(try await set.node.run("run").status == 0)
        // No node runs its pod.
        try set.write(["a"], more: deployment(1))
        try set.writeTask("prune: true, wait: rollout", timeout: "20s")
        #expect(try await set.node.run("run").status == 1)
        #expect(try await set.names() == ["a", "b"])
        try set.write(["a"], more: deployment(0))
        try set.writeTask("prune: true, wait: rollout")
        let result = try await set.node.run("run")
        #expect(result.status == 0, "\(result.errors)")
        #expect(try await set.names() == ["a"])
    }

    @Test func `without the key nothing is deleted`() async throws {
        let set = try await PrunedSet("former")
        try set.write(["a", "b"])
        #expect(try await set.node.run("run").status == 0)
        try set.writeTask("prune: false")
        try set.write(["a"])
        #expect(try await set.node.run("run").status == 0)
        #expect(try await set.names() == ["a", "b"])
    }

    @Test func `a manifest cannot describe the ConfigMap of the set`() async throws {
        let set = try await PrunedSet("described")
        let parent = "name: nest-bootstrap-described, namespace: kube-system"
        try set.write([], more: "{apiVersion: v1, kind: ConfigMap, metadata: {\(parent)}}")
        for command in ["check", "run"] {
            let result = try await set.node.run(command)
            #expect(result.status != 0)
            let place = "\(set.node.path("m.yaml")):1:1: ConfigMap/kube-system/nest-bootstrap-described: "
            #expect(result.errors.contains(place), "\(result.output)\(result.errors)")
        }
    }
}
