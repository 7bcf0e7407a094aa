import TestSupport
import Testing

/// What a person learns when certificates are at fault.
@Suite(.needsAPIServer, .temporaryDirectory, .timeLimit(.minutes(30)))
struct CredentialFailureTests {
    private func kubeconfig(_ cluster: TestCluster, server: String? = nil, client: String) -> String {
        """
        apiVersion: v1
        kind: Config
        clusters: [{name: c, cluster: {server: \(server ?? cluster.server), certificate-authority: \
        \(cluster.certificateAuthority)}}]
        users: [{name: u, user: {client-certificate: \(client).crt, client-key: \(client).key}}]
        contexts: [{name: c, context: {cluster: c, user: u}}]
        current-context: c
        """
    }

    private func applying(_ text: String, timeout: String = "20s") throws -> TestNode {
        let node = try TestNode("tasks: {t: {timeout: \(timeout), apply: {kubeconfig: admin, manifests: [m.yaml]}}}\n")
        try node.write(text, to: "admin")
        try node.write("{apiVersion: v1, kind: Namespace, metadata: {name: untrusted}}", to: "m.yaml")
        return node
    }

    /// Runs the node, shows kubectl beside it, and returns its only line of standard error.
    private func line(_ node: TestNode, _ title: String, _ cluster: TestCluster) async throws -> String {
        let result = try await node.run("run")
        #expect(result.status == 1)
        let kubectl = try await cluster.kubectl("--kubeconfig", node.path("admin"), "get", "namespaces")
        show(title, ours: result, kubectl: kubectl)
        #expect(result.errorLines.count == 1)
        return (result.errorLines.first ?? "").replacing("\(node.directory)/", with: "").masked
    }

    @Test func `a wrong host name is reported with the names of the certificate`() async throws {
        let cluster = try await TestCluster.shared.value
        let admin = "\(cluster.credentials)/kube-admin"
        var text = kubeconfig(cluster, client: admin)
        text = text.replacing("certificate-authority:", with: "tls-server-name: elsewhere, certificate-authority:")
        let line = try await line(try applying(text), "wrong host name", cluster)
        #expect(line.hasPrefix("t: error: API server \(cluster.server) shows a certificate for localhost, "))
    }

    @Test func `a server's expired certificate is reported with its validity and the clock`() async throws {
        try await TestCluster.withFresh(starting: false) { cluster in
            try await cluster.makeCertificate(
                "kube-apiserver",
                subject: "/CN=kube-apiserver",
                kind: "server",
                validity: (from: "20200101000000Z", until: "20200201000000Z"),
            )
            try await cluster.start(["--no-wait", "--no-controller-manager"])
            let text = kubeconfig(cluster, client: "\(cluster.credentials)/kube-admin")
            let line = try await line(try applying(text, timeout: "10m"), "server's certificate expired", cluster)
            #expect(
                line == "t: error: API server \(cluster.server) shows a certificate that is not valid now "
                    + "(valid from 2020-01-01T00:00:00Z to 2020-02-01T00:00:00Z; the node's clock says NOW); "
                    + "renew the server's certificate, or set the node's clock"
            )
        }
    }
}
