import TestSupport
import Testing

/// What a person learns when certificates are at fault.
@Suite(.needsAPIServer, .temporaryDirectory, .timeLimit(.minutes(30)))
struct CredentialFailureTests {
    private func kubeconfig(
        _ cluster: TestCluster,
        server: String? = nil,
        authority: String? = nil,
        client: String
    )
        -> String
    {
        """
        apiVersion: v1
        kind: Config
        clusters: [{name: c, cluster: {server: \(server ?? cluster.server), certificate-authority: \
        \(authority ?? cluster.certificateAuthority)}}]
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

    /// Makes another CA, of which the cluster knows nothing.
    private func makeAuthority(_ node: TestNode) async throws {
        let arguments = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "365", "-subj", "/CN=another CA"]
        let result = try await Tool.run(
            "openssl",
            arguments + ["-keyout", node.path("other.key"), "-out", node.path("other.crt")],
        )
        try #require(result.status == 0, "\(result.errors)")
    }

    @Test func `a server certificate of another CA is reported with its issuer and the trusted CA`() async throws {
        let cluster = try await TestCluster.shared.value
        let admin = "\(cluster.credentials)/kube-admin"
        let node = try applying(kubeconfig(cluster, authority: "other.crt", client: admin))
        try await makeAuthority(node)
        let line = try await line(node, "server's certificate from another CA", cluster)
        #expect(
            line == "t: error: API server \(cluster.server) shows a certificate issued by 'CN=nest-bootstrap test CA', "
                + "but kubeconfig 'admin' trusts only CA file 'other.crt' ('CN=another CA'); "
                + "put the certificate of the server's CA there"
        )
    }

    @Test func `a kubeconfig that acts as another user has the rights of that user only`() async throws {
        let cluster = try await TestCluster.shared.value
        var text = kubeconfig(cluster, client: "\(cluster.credentials)/kube-admin")
        text = text.replacing("user: {client-certificate", with: "user: {as: readonly, client-certificate")
        let result = try await (try applying(text)).run("run")
        #expect(result.status == 1)
        #expect(result.errors.contains("as user 'readonly') may not get namespaces"), "\(result.errors)")
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
                + "(the node's clock says NOW); the API server's clock agrees with the node's, so that of the issuer is ahead: "
                + "set it, and then have CA 'CN=nest-bootstrap test CA' issue a certificate that is valid now"
        )
    }

    @Test func `a client certificate of another CA is reported with the user and the server's setting`() async throws {
        let cluster = try await TestCluster.shared.value
        // A server that has just started may not have read its CA: refusals are retried for ten seconds.
        let node = try applying(kubeconfig(cluster, client: "other"), timeout: "10m")
        try await makeAuthority(node)
        let line = try await line(node, "client certificate of another CA", cluster)
        #expect(
            line == "t: error: API server \(cluster.server) does not accept kubeconfig 'admin', user 'u', "
                + "certificate 'CN=another CA'; check that CA 'CN=another CA', which issued the certificate, "
                + "is in the server's '--client-ca-file'"
        )
    }

    @Test func `a key of another certificate is reported with both files`() async throws {
        let cluster = try await TestCluster.shared.value
        let admin = "\(cluster.credentials)/kube-admin"
        let text = kubeconfig(cluster, client: admin).replacing(
            "\(admin).key",
            with: "\(cluster.credentials)/nobody.key"
        )
        let line = try await line(try applying(text), "key of another certificate", cluster)
        // The column depends on the length of a path.
        #expect(
            line.replacing(/admin:\d+:\d+:/, with: "admin:PLACE:")
                == "t: error: admin:PLACE: key '\(cluster.credentials)/nobody.key' does not belong to certificate "
                + "'\(admin).crt' ('CN=kubernetes-admin,O=system:masters'); "
                + "name the key that belongs to this certificate, or issue a new pair"
        )
    }

    @Test func `a kubeconfig task refuses the same before it writes`() async throws {
        let cluster = try await TestCluster.shared.value
        let pki = cluster.credentials
        try await cluster.makeCertificate(
            "e2e-old",
            subject: "/CN=old",
            validity: (from: "20200101000000Z", until: "20200201000000Z"),
        )
        func task(_ name: String, _ certificate: String, _ key: String, authority: String = "k8s-ca.crt") -> String {
            """
              \(name):
                kubeconfig:
                  {path: /etc/\(name), user: u, certificate: \(pki)/\(certificate), key: \(pki)/\(key), \
            certificateAuthority: \(pki)/\(authority)}

            """
        }
        let node = try TestNode(
            "cluster: {servers: \(cluster.server)}\ntasks:\n"
                + task("expired", "e2e-old.crt", "e2e-old.key")
                + task("mismatch", "kube-admin.crt", "nobody.key")
                + task("no-ca", "kube-admin.crt", "kube-admin.key", authority: "nobody.crt")
                + task("absent", "nosuch.crt", "kube-admin.key")
        )
        let result = try await node.run("run")
        #expect(result.status == 1)
        // The columns depend on the length of the directory's path.
        let lines = result.errorLines.map { line in
            line.replacing("\(pki)/", with: "").replacing(node.config, with: "FILE")
                .replacing(#/FILE:(\d+):\d+:/#) { "FILE:\($0.1):" }
        }
        .sorted()
        #expect(lines.count == 4)
        #expect(
            lines.first
                == "absent: error: FILE:14: cannot write kubeconfig '/etc/absent': cannot read 'nosuch.crt': "
                + "No such file or directory; put the file there, or correct 'certificate'"
        )
        #expect(
            lines.contains {
                $0.hasPrefix("expired: error: FILE:5: client certificate 'e2e-old.crt' ('CN=old') expired ")
            }
        )
        #expect(
            lines.contains {
                $0.hasPrefix("mismatch: error: FILE:8: key 'nobody.key' does not belong to certificate ")
            }
        )
        #expect(
            lines.contains(
                "no-ca: error: FILE:11: 'nobody.crt' is not a CA: its certificate 'CN=nobody' may not issue certificates; "
                    + "name the file of the CA that issued the API server's certificate"
            )
        )
        #expect(try Files.exists(node.written("/etc")) == false)
        let check = try await node.run("check")
        #expect(check.status == 65)
        #expect(check.errorLines.count == 4)
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
