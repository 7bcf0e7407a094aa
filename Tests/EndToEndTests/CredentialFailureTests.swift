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

    @Test func `an expired client certificate is reported before any request`() async throws {
        let cluster = try await TestCluster.shared.value
        try await cluster.makeCertificate(
            "e2e-expired",
            subject: "/O=system:masters/CN=late",
            validity: (from: "20200101000000Z", until: "20200201000000Z"),
        )
        let old = "\(cluster.credentials)/e2e-expired"
        // Nobody listens at port 9: a request would say so.
        let node = try applying(kubeconfig(cluster, server: "https://127.0.0.1:9", client: old))
        let days = (secondsSince1970() - 1_580_515_200) / 86400
        let expected =
            "t: error: client certificate '\(old).crt' ('CN=late,O=system:masters') expired \(days) days ago "
            + "(at 2020-02-01T00:00:00Z; the node's clock says NOW); renew it: have CA 'CN=nest-bootstrap test CA' issue "
            + "a certificate for the same subject, or set the node's clock"
        #expect(try await line(node, "client certificate expired, server off", cluster) == expected)
        try node.write(kubeconfig(cluster, client: old), to: "admin")
        #expect(try await line(node, "client certificate expired", cluster) == expected)
    }

    @Test func `a client certificate that is not valid yet is waited for, with the node's clock`() async throws {
        let cluster = try await TestCluster.shared.value
        try await cluster.makeCertificate(
            "e2e-early",
            subject: "/CN=early",
            validity: (from: "20990101000000Z", until: "20990201000000Z"),
        )
        let early = "\(cluster.credentials)/e2e-early"
        let line = try await line(
            try applying(kubeconfig(cluster, client: early)),
            "client certificate not valid yet",
            cluster,
        )
        #expect(
            line == "t: error: client certificate '\(early).crt' ('CN=early') is not valid before NOW "
                + "(the node's clock says NOW); set the node's clock, or have CA 'CN=nest-bootstrap test CA' issue a "
                + "certificate that is valid now"
        )
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
