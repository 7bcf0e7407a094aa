import TestSupport
import Testing

@Suite(.needsAPIServer, .timeLimit(.minutes(30)))
struct TestClusterTests {
    @Test func `the admin may do everything and nobody nothing`() async throws {
        let cluster = try await TestCluster.shared.value
        let namespaces = try await cluster.kubectl("get", "namespaces", "-o", "name")
        #expect(namespaces.output.contains("namespace/kube-system\n"))
        let secrets = try await cluster.kubectl("--kubeconfig", cluster.nobodyKubeconfig, "get", "secrets")
        #expect(secrets.status == 1)
        #expect(secrets.errors.contains(#"User "nobody" cannot list resource "secrets""#))
    }

    @Test func `a deployment gets its pods from the controller manager`() async throws {
        let cluster = try await TestCluster.shared.value
        _ = try await cluster.kubectl("create", "deployment", "test-cluster", "--image=nothing")
        let pods = try await cluster.kubectl(
            "wait",
            "deployment/test-cluster",
            "--for=jsonpath={.status.unavailableReplicas}=1",
            "--timeout=600s",
        )
        #expect(pods.status == 0, "\(pods.errors)")
    }

    @Test func `a cluster is gone after its loan`() async throws {
        let directory = try await TestCluster.withFresh { cluster in
            let ready = try await cluster.kubectl("get", "--raw=/readyz")
            #expect(ready.output == "ok")
            try await cluster.stop("kube-apiserver")
            let refused = try await cluster.kubectl("get", "--raw=/readyz")
            #expect(refused.errors.contains("refused"))
            try await cluster.start()
            return cluster.directory
        }
        #expect(try Files.exists(directory) == false)
    }

    @Test func `a prepared cluster has its URL before it is started`() async throws {
        try await TestCluster.withFresh(starting: false) { cluster in
            #expect(cluster.server.hasPrefix("https://127.0.0.1:"))
            let refused = try await cluster.kubectl("get", "--raw=/readyz")
            #expect(refused.errors.contains("refused"))
        }
    }

    @Test func `an expired certificate can be made`() async throws {
        try await TestCluster.withFresh(starting: false) { cluster in
            try await cluster.makeCertificate(
                "old",
                subject: "/CN=old",
                validity: (from: "20200101000000Z", until: "20200201000000Z"),
            )
            let path = "\(cluster.credentials)/old.crt"
            let text = try await Tool.run("openssl", ["x509", "-in", path, "-noout", "-enddate"])
            #expect(text.output == "notAfter=Feb  1 00:00:00 2020 GMT\n")
        }
    }
}
