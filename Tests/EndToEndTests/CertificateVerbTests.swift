import TestSupport
import Testing

/// Certificates that a node gets from a CA of its own, or from the signers of a real controller manager.
@Suite(.temporaryDirectory, .needsAPIServer, .timeLimit(.minutes(15)))
struct CertificateVerbTests {
    private static func node(_ cluster: TestCluster, _ leaf: String, timeout: String = "10m") throws -> TestNode {
        try TestNode(
            """
            tasks:
              client:
                timeout: \(timeout)
                certificate:
                  path: /pki/client.crt
                  key: /pki/client.key
                  leaf: {\(leaf)}
                  signer: kubernetes.io/kube-apiserver-client
                  kubeconfig: \(cluster.kubeconfig)

            """
        )
    }

    /// Waits until the program says which request it waits for, and returns the request's name.
    private func request(of run: Tool) async throws -> String {
        let name = /CertificateSigningRequest\/(nest-bootstrap-client-[0-9a-f]{10}): waits for the approval/
        #expect(try await becomes { run.outputSoFar().contains(name) || run.errorsSoFar().contains(name) })
        let text = run.outputSoFar() + run.errorsSoFar()
        return String(try #require(text.firstMatch(of: name), "\(text)").output.1)
    }

    @Test func `the controller manager signs what an administrator approves, and kubectl uses it`() async throws {
        let cluster = try await TestCluster.shared.value
        let leaf =
            "commonName: certified, organization: testers, usages: [client auth], key: ecdsa-p256, validity: 1h"
        let node = try Self.node(cluster, leaf)
        let run = try node.start(["run"])
        let name = try await request(of: run)
        try await cluster.mustRunKubectl("certificate", "approve", name)
        let result = await run.result()
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.outputLines.last == "1 task: 1 changed")
        let (certificate, keyFile) = (node.written("/pki/client.crt"), node.written("/pki/client.key"))
        #expect(try Files.status(keyFile)?.mode == 0o400)
        let verified = try await Tool.run(
            "openssl",
            ["verify", "-purpose", "sslclient", "-CAfile", cluster.certificateAuthority, certificate]
        )
        #expect(verified.status == 0, "\(verified.errors)")
        let nodes = try await cluster.kubectl(
            "--kubeconfig=/dev/null",
            "--server=\(cluster.server)",
            "--certificate-authority=\(cluster.certificateAuthority)",
            "--client-certificate=\(certificate)",
            "--client-key=\(keyFile)",
            "get",
            "nodes"
        )
        #expect(nodes.errors.contains("User \"certified\" cannot list resource"), "\(nodes.errors)")
        // Servers before 1.22 ignore the validity that is asked for, and sign for a year.
        let isShort = try await Tool.run("openssl", ["x509", "-in", certificate, "-noout", "-checkend", "7200"])
        #expect((isShort.status != 0) == (try await cluster.isAtLeast(minor: 22)))
        #expect(try await node.run("run").outputLines.last == "1 task: 1 unchanged")
        #expect(try await node.run("diff").status == 0)
    }

    @Test func `a denied request is an error with the reason, and the present pair stays`() async throws {
        let cluster = try await TestCluster.shared.value
        let node = try Self.node(cluster, "commonName: denied, usages: [client auth], key: ecdsa-p256")
        try node.write("old", to: "root/pki/client.crt")
        try node.write("old", to: "root/pki/client.key", mode: 0o600)
        let run = try node.start(["run"])
        let name = try await request(of: run)
        try await cluster.mustRunKubectl("certificate", "deny", name)
        let result = await run.result()
        #expect(result.status == 1)
        let last = try #require(result.errorLines.last)
        #expect(last.hasPrefix("client: error: \(node.config):5:13: no certificate from signer "), "\(last)")
        #expect(last.contains("CertificateSigningRequest/\(name): it was denied (KubectlDeny: "), "\(last)")
        // Each retry would make another request.
        let status = try await node.run("status", "--output", "json").output
        #expect(status.contains(#""permanent":true"#), "\(status)")
        #expect(try Files.text(node.written("/pki/client.crt")) == "old")
        #expect(try Files.text(node.written("/pki/client.key")) == "old")
    }

    @Test func `a request that nobody approves ends with the task, which says what to do`() async throws {
        let cluster = try await TestCluster.shared.value
        let node = try Self.node(cluster, "commonName: slow, usages: [client auth], key: ecdsa-p256", timeout: "20s")
        let result = try await node.run("run")
        #expect(result.status == 1)
        let last = try #require(result.errorLines.last)
        #expect(last.hasPrefix("client: error: \(node.config):5:13: no certificate from signer "), "\(last)")
        #expect(last.contains("('kubectl certificate approve nest-"), "\(last)")
        #expect(try !Files.exists(node.written("/pki")))
    }

    @Test func `what a signer refuses is reported`() async throws {
        let cluster = try await TestCluster.shared.value
        let node = try Self.node(cluster, "commonName: a, names: [a.b], usages: [server auth], key: ecdsa-p256")
        let run = try node.start(["run"])
        let name = try await request(of: run)
        try await cluster.mustRunKubectl("certificate", "approve", name)
        let result = await run.result()
        #expect(result.status == 1)
        let last = try #require(result.errorLines.last)
        #expect(last.contains("CertificateSigningRequest/\(name)"), "\(last)")
        #expect(last.contains("cannot issue it (SignerValidationFailure: "), "\(last)")
        #expect(try await node.run("status", "--output", "json").output.contains(#""permanent":true"#))
    }

    @Test func `a user with the roles that rbac prints may ask for certificates`() async throws {
        let cluster = try await TestCluster.shared.value
        let node = try Self.node(cluster, "commonName: a, usages: [client auth], key: ecdsa-p256", timeout: "20s")
        try await cluster.makeCertificate("requester", subject: "/CN=requester")
        let admin = try Files.text(cluster.kubeconfig)
        let kubeconfig = try node.write(admin.replacing("kube-admin", with: "requester"), to: "kubeconfig", mode: 0o600)
        let text = try Files.text(node.config).replacing(cluster.kubeconfig, with: kubeconfig)
        try node.write(text, to: "bootstrap.yaml")
        let refused = try await node.run("run")
        #expect(refused.status == 1)
        let reason = "User \"requester\" cannot"
        #expect(refused.errors.contains(reason), "\(refused.errors)")
        try node.write(text.replacing("timeout: 20s", with: "timeout: 10m"), to: "bootstrap.yaml")
        let roles = try await node.run("rbac", "--user", "requester")
        #expect(roles.status == 0, "\(roles.errors)")
        try await cluster.mustApply(roles.output)
        let run = try node.start(["run"])
        try await cluster.mustRunKubectl("certificate", "approve", try await request(of: run))
        let result = await run.result()
        #expect(result.status == 0, "\(result.errors)")
    }

    @Test func `a CA on the node issues certificate and key`() async throws {
        let cluster = try await TestCluster.shared.value
        let node = try TestNode(
            """
            tasks:
              web:
                certificate:
                  path: /pki/web.crt
                  key: /pki/web.key
                  leaf: {commonName: web, names: [localhost], usages: [server auth], key: ed25519}
                  ca: {certificate: \(cluster.certificateAuthority), key: \(cluster.credentials)/k8s-ca.key}

            """
        )
        #expect(try await node.run("run", "--task", "web").status == 0)
        let certificate = node.written("/pki/web.crt")
        let verified = try await Tool.run(
            "openssl",
            ["verify", "-purpose", "sslserver", "-CAfile", cluster.certificateAuthority, certificate]
        )
        #expect(verified.status == 0, "\(verified.errors)")
        let again = try await node.run("run", "--task", "web")
        #expect(again.outputLines.last?.hasSuffix("unchanged") == true, "\(again.output)")
        #expect(try Files.list(node.written("/pki")) == ["web.crt", "web.key"])
    }
}
