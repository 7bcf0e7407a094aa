import Glibc
import TestSupport
import Testing

/// Verb `remove` on a real API server.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)), .needsAPIServer)
struct RemoveVerbTests {
    private func map(_ name: String, _ namespace: String, finalizers: String = "") -> String {
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: \(name), namespace: \(namespace)\(finalizers)}}"
    }

    private func object(_ name: String, _ namespace: String) -> String {
        "{apiVersion: v1, kind: ConfigMap, name: \(name), namespace: \(namespace)}"
    }

    private func exists(_ name: String, _ namespace: String, _ cluster: TestCluster) async throws -> Bool {
        try await cluster.kubectl("get", "configmap", name, "-n", namespace).status == 0
    }

    @Test func `objects are deleted, and absent ones and absent kinds are unchanged`() async throws {
        let cluster = try await TestCluster.shared(namespace: "removed")
        try await cluster.mustApply(map("there", "removed"))
        let duck = "{apiVersion: example.org/v1, kind: Duck, name: d}"
        let node = try TestNode(
            """
            tasks:
              it:
                remove:
                  kubeconfig: \(cluster.kubeconfig)
                  objects: [\(object("there", "removed")), \(object("absent", "removed")), \(duck)]
            """
        )
        let planned = try await node.run("run", "--dry-run")
        #expect(planned.status == 0, "\(planned.errors)")
        #expect(planned.output.contains("it: ConfigMap/removed/there would be deleted\n"))
        #expect(try await exists("there", "removed", cluster))
        let result = try await node.run("run")
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.contains("it: ConfigMap/removed/there deleted\n"))
        #expect(try await !exists("there", "removed", cluster))
        #expect(try await node.run("run").outputLines.last == "1 task: 1 unchanged")
    }

    @Test(arguments: [
        ("apps/v1beta7", "Deployment", "write 'apiVersion: apps/v1'"),
        ("apiregistration.k8s.io/v7", "APIService", "write 'apiVersion: apiregistration.k8s.io/v1'"),
        ("rbac.authorisation.k8s.io/v1", "Role", "write 'apiVersion: rbac.authorization.k8s.io/v1'"),
    ])
    func `a version or group that is misspelt is an error, not an absence`(
        version: String,
        kind: String,
        text: String
    ) async throws {
        let cluster = try await TestCluster.shared.value
        let object = "{apiVersion: \(version), kind: \(kind), name: any, namespace: default}"
        let node = try TestNode(
            "tasks: {it: {timeout: 10m, remove: {kubeconfig: \(cluster.kubeconfig), objects: [\(object)]}}}\n"
        )
        let result = try await node.run("run")
        #expect(result.status == 1)
        #expect(result.errors.hasPrefix("it: error: \(node.directory)/bootstrap.yaml:1:"), "\(result.errors)")
        #expect(result.errors.contains(": cannot be deleted: the server has no kind '\(kind)' in '\(version)'"))
        #expect(result.errors.contains(text), "\(result.errors)")
    }

    @Test func `objects of a misspelt kind that cannot be deleted are one error`() async throws {
        let cluster = try await TestCluster.shared.value
        let objects = (1...3).map { "{apiVersion: v1, kind: ConfigMpa, name: a\($0), namespace: default}" }
        let node = try TestNode(
            """
            tasks:
              it:
                timeout: 10m
                remove:
                  kubeconfig: \(cluster.kubeconfig)
                  objects:
                    - \(objects.joined(separator: "\n        - "))
            """
        )
        let result = try await node.run("run")
        #expect(result.status == 1)
        let places = "\(node.directory)/bootstrap.yaml:7:11, 8:11, 9:11"
        let start = "it: error: 3 objects of kind ConfigMpa (\(places)): cannot be deleted: "
        #expect(result.errors.hasPrefix(start) && result.errors.contains("'kind: ConfigMap'?"), "\(result.errors)")
    }

    @Test func `a user who may not delete is given the rule`() async throws {
        let cluster = try await TestCluster.shared.value
        let node = try TestNode(
            "tasks: {it: {timeout: 10m, remove: {kubeconfig: \(cluster.directory)/nobody.kubeconfig, "
                + "objects: [\(object("a", "default"))]}}}\n"
        )
        let result = try await node.run("run")
        #expect(result.status == 1)
        let rule = #"{apiGroups: [""], resources: ["configmaps"], verbs: ["get", "delete"]}"#
        #expect(result.errors.contains(" may not get configmaps in namespace 'default'; "), "\(result.errors)")
        #expect(result.errors.contains(rule), "\(result.errors)")
    }

    @Test func `a finalizer is named while it is waited for and at the deadline`() async throws {
        let cluster = try await TestCluster.shared(namespace: "finalized")
        try await cluster.mustApply(map("held", "finalized", finalizers: ", finalizers: [example.org/hold]"))
        let node = try TestNode(
            """
            tasks:
              it:
                timeout: 20s
                remove:
                  kubeconfig: \(cluster.kubeconfig)
                  objects:
                    - \(object("held", "finalized"))
            """
        )
        let words = "it is being deleted and waits for finalizer 'example.org/hold'"
        let result = try await node.run("run")
        #expect(result.status == 1)
        #expect(result.output.contains("ConfigMap/finalized/held: \(words) (gives up at "), "\(result.output)")
        #expect(result.errors.hasPrefix("it: error: \(node.directory)/bootstrap.yaml:7:11: ConfigMap/finalized/held: "))
        let patch = "{\"metadata\": {\"finalizers\": null}}"
        let release = ["patch", "configmap", "held", "-n", "finalized", "--type=merge", "-p", patch]
        let second = try TestNode(
            """
            tasks:
              it: {remove: {kubeconfig: \(cluster.kubeconfig), objects: [\(object("held", "finalized"))]}}
            """
        )
        let tool = try second.start(["run"])
        #expect(try await becomes { tool.outputSoFar().contains("example.org/hold") })
        #expect(try await cluster.kubectl(release).status == 0)
        #expect(await tool.result().status == 0)
        #expect(try await !exists("held", "finalized", cluster))
    }

    @Test func `what is gone before an interruption is deleted, and what is not has not failed`() async throws {
        let cluster = try await TestCluster.shared(namespace: "interrupted")
        let names = (0..<20).map { "free\($0)" }
        let free = names.map { map($0, "interrupted") }.joined(separator: "\n---\n")
        let held = ["h1", "h2"].map { map($0, "interrupted", finalizers: ", finalizers: [example.org/hold]") }
        try await cluster.mustApply(([free] + held).joined(separator: "\n---\n"))
        let objects = (names + ["h1", "h2"]).map { object($0, "interrupted") }.joined(separator: ", ")
        let node = try TestNode(
            "tasks: {it: {remove: {kubeconfig: \(cluster.kubeconfig), objects: [\(objects)]}}}\n"
        )
        let tool = try node.start(["run"])
        let isReported = try await becomes {
            let output = tool.outputSoFar()
            return output.contains("example.org/hold") && names.allSatisfy { output.contains("/\($0) deleted\n") }
        }
        #expect(isReported)
        tool.signal(SIGINT)
        let result = await tool.result()
        #expect(result.status == 130)
        #expect(result.output.masked.contains("it: interrupted in SOON (20 deleted)\n"), "\(result.output)")
        #expect(!result.errors.contains(": interrupted"), "\(result.errors)")
        #expect(!result.output.contains("ConfigMap/interrupted/h1 deleted"))
        for name in ["h1", "h2"] {
            let patch = ["--type=merge", "-p", "{\"metadata\": {\"finalizers\": null}}"]
            try await cluster.mustRunKubectl(["patch", "configmap", name, "-n", "interrupted"] + patch)
        }
    }
}
