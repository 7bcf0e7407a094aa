import TestSupport
import Testing

/// Objects that two tasks describe, one of them without the namespace.
@Suite(.needsAPIServer, .temporaryDirectory, .timeLimit(.minutes(15)))
struct RepeatedObjectTests {
    private func map(_ metadata: String) -> String {
        "{apiVersion: v1, kind: ConfigMap, metadata: {\(metadata)}, data: {a: b}}\n"
    }

    @Test func `an object of two tasks is an error of check and run, with both places`() async throws {
        let cluster = try await TestCluster.shared.value
        let node = try TestNode(
            """
            tasks:
              a: {apply: {kubeconfig: \(cluster.kubeconfig), manifests: [a.yaml]}}
              b: {after: [a], apply: {kubeconfig: \(cluster.kubeconfig), manifests: [b.yaml]}}
            """
        )
        let first = try node.write(map("name: rivals, namespace: default"), to: "a.yaml")
        let second = try node.write(map("name: rivals"), to: "b.yaml")
        let check = try await node.run("check")
        #expect(check.status == 65)
        #expect(check.errors.hasPrefix("\(second):1:1: task 'b' applies ConfigMap/rivals, which task 'a' "))
        #expect(check.errors.contains("(\(first):1:1)"), "\(check.errors)")
        let words = "b: error: \(second):1:1: ConfigMap/rivals: task 'a' applies it too (\(first):1:1): "
        let result = try await node.run("run")
        #expect(result.status == 1)
        #expect(result.errors.contains(words), "\(result.errors)")
        // A process of its own knows the other task by the annotation of the object.
        let alone = try await node.run("run", "--task", "b")
        #expect(alone.status == 1)
        #expect(alone.errors.contains(words), "\(alone.errors)")
        #expect(try await node.run("run", "--task", "a").status == 0)
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

    @Test func `an object that was moved to another task is applied by it`() async throws {
        let cluster = try await TestCluster.shared.value
        let tasks = { (manifests: String) in
            """
            tasks:
              a: {apply: {kubeconfig: \(cluster.kubeconfig), manifests: [\(manifests), a.yaml]}}
              b: {after: [a], apply: {kubeconfig: \(cluster.kubeconfig), manifests: [b.yaml]}}
            """
        }
        let node = try TestNode(tasks("moved.yaml"))
        try node.write(map("name: moved-a"), to: "a.yaml")
        try node.write(map("name: moved-b"), to: "b.yaml")
        try node.write(map("name: moved"), to: "moved.yaml")
        #expect(try await node.run("run").status == 0)
        try node.write(map("name: moved"), to: "b.yaml")
        try node.write(tasks("a.yaml").replacing("a.yaml, a.yaml", with: "a.yaml"), to: "bootstrap.yaml")
        let result = try await node.run("run")
        #expect(result.status == 0, "\(result.errors)")
    }
}
