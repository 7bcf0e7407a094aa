import TestSupport
import Testing

/// The permissions in `examples/prometheus`, on a server.
@Suite(.needsAPIServer, .temporaryDirectory, .timeLimit(.minutes(30)))
struct PrometheusAccessTests {
    @Test func `the service account may find nodes and pods and read metrics, and nothing else`() async throws {
        let cluster = try await TestCluster.shared.value
        let node = try TestNode("tasks: {t: {apply: {kubeconfig: \(cluster.kubeconfig), manifests: [rbac.yaml]}}}\n")
        // Other tests of the cluster have a namespace of that name.
        try node.write(
            try Files.text("\(TestCluster.sourceRoot)/examples/prometheus/rbac.yaml").replacing(
                "monitoring",
                with: "prometheus"
            ),
            to: "rbac.yaml"
        )
        let applied = try await node.run("run")
        #expect(applied.status == 0, "\(applied.errors)")
        func mayPrometheus(_ arguments: String...) async throws -> Bool {
            let user = "system:serviceaccount:prometheus:prometheus"
            let result = try await cluster.kubectl(["auth", "can-i", "--as", user, "--all-namespaces"] + arguments)
            return result.output == "yes\n"
        }
        for verb in ["get", "list", "watch"] {
            #expect(try await mayPrometheus(verb, "nodes"))
            #expect(try await mayPrometheus(verb, "pods"))
        }
        #expect(try await mayPrometheus("get", "nodes", "--subresource=metrics"))
        #expect(try await !mayPrometheus("get", "nodes", "--subresource=proxy"))
        #expect(try await !mayPrometheus("list", "secrets"))
        #expect(try await !mayPrometheus("delete", "pods"))
    }
}
