import TestSupport
import Testing

/// Keys of the homelab's certificates, decrypted on a node with its SSH key.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
struct DecryptVerbTests {
    private static let host = "ducksnest-laptop-old"

    /// A node of the set that decrypts the key of its kubelet.
    private func node(_ nodes: CertificateNodes, certificate: String = "kubelet") throws -> TestNode {
        let own = "\(nodes.set)/derived/\(Self.host)/k8s-"
        return try TestNode(
            """
            tasks:
              kubelet-key:
                decrypt:
                  path: /run/kubernetes/kubelet.key
                  source: \(own)kubelet.key.age
                  certificate: \(own)\(certificate).crt
                  identity: \(nodes.path("private/\(Self.host)"))
                  mode: "0400"

            """,
            in: nodes.path("node")
        )
    }

    private func set() async throws -> CertificateNodes {
        let nodes = try await CertificateNodes()
        try await nodes.declare("defaults: {key: ecdsa-p256}")
        try await nodes.renew()
        return nodes
    }

    @Test func `a node decrypts its key, and again after a renewal`() async throws {
        let nodes = try await set()
        let node = try node(nodes)
        #expect(try await node.run("check").status == 0)
        for command in [["run", "--dry-run"], ["diff"]] {
            let result = try await node.start(command).result()
            #expect(
                result.output.contains("/run/kubernetes/kubelet.key"),
                "\(command): \(result.output)\(result.errors)"
            )
            #expect(!result.output.contains("KEY-----"), "\(command)")
        }
        #expect(try Files.list(node.root) == [])
        #expect(try await node.run("run").outputLines.last == "1 task: 1 changed")
        let key = node.written("/run/kubernetes/kubelet.key")
        #expect(try Files.status(key)?.mode == 0o400)
        let certificate = "\(nodes.set)/derived/\(Self.host)/k8s-kubelet.crt"
        let first = try await nodes.must("openssl", "pkey", "-in", key, "-pubout")
        #expect(first == (try await nodes.must("openssl", "x509", "-in", certificate, "-noout", "-pubkey")))
        #expect(try await node.run("run").outputLines.last == "1 task: 1 unchanged")
        try await nodes.renew("--all", "--node", Self.host)
        let renewed = try await node.run("run")
        #expect(renewed.outputLines.last == "1 task: 1 changed", "\(renewed.errors)")
        let second = try await nodes.must("openssl", "pkey", "-in", key, "-pubout")
        #expect(second != first)
        #expect(second == (try await nodes.must("openssl", "x509", "-in", certificate, "-noout", "-pubkey")))
        #expect(try Files.list(node.written("/run/kubernetes")) == ["kubelet.key"])
    }

    @Test func `a key of another certificate, or of another node, is not put in place`() async throws {
        let nodes = try await set()
        let mixed = try node(nodes, certificate: "kube-proxy")
        let result = try await mixed.run("run")
        #expect(result.status == 1)
        let own = "\(nodes.set)/derived/\(Self.host)/k8s-"
        let place = "kubelet-key: error: \(mixed.config)"
        #expect(
            result.errors.hasPrefix("\(place):6:20: key '\(own)kubelet.key.age' does not belong to "),
            "\(result.errors)"
        )
        let other = nodes.path("private/ducksnest-laptop-ultra")
        try mixed.write(
            try nodes.text("node/bootstrap.yaml").replacing(nodes.path("private/\(Self.host)"), with: other),
            to: "bootstrap.yaml"
        )
        let refused = try await mixed.run("run")
        #expect(refused.status == 1)
        #expect(
            refused.errors.hasPrefix("\(place):5:15: cannot decrypt '\(own)kubelet.key.age': "),
            "\(refused.errors)"
        )
        let check = try await mixed.run("check")
        #expect(check.status == 65)
        #expect(check.errors.contains(": cannot decrypt '\(own)kubelet.key.age': it is not encrypted to private key "))
        #expect(try !Files.exists(mixed.written("/run/kubernetes")))
    }

    @Test func `a missing program is reported`() async throws {
        let nodes = try await set()
        let node = try node(nodes)
        let without = ["PATH": "/nonexistent"]
        let check = try await node.run("check", environment: without)
        #expect(check.status == 65)
        #expect(check.errors.contains("cannot run 'age': "), "\(check.errors)")
        let run = try await node.run("run", environment: without)
        #expect(run.status == 1)
        #expect(run.errors.contains("cannot run 'age': "), "\(run.errors)")
        #expect(run.errors.hasSuffix("; install it\n"), "\(run.errors)")
    }

    @Test func `a unit decrypts with the copy of the key that systemd has made for it`() async throws {
        let nodes = try await set()
        let node = try node(nodes)
        let identity = nodes.path("private/\(Self.host)")
        let escaped = try await nodes.must("systemd-escape", "--path", identity)
        let name = escaped.split(separator: "\n").first.map(String.init) ?? ""
        try await nodes.must("mv", identity, try node.write("", to: "credentials/\(name)", mode: 0o600))
        let unit = ["NEST_UNIT": "yes", "CREDENTIALS_DIRECTORY": node.path("credentials")]
        let result = try await node.run("run", "--task", "kubelet-key", environment: unit)
        #expect(result.status == 0, "\(result.errors)")
        let key = node.written("/run/kubernetes/kubelet.key")
        #expect(try !Files.exists(key))
        #expect(try await node.run("supervise", "kubelet-key", environment: unit).status == 0)
        #expect(try Files.status(key)?.mode == 0o400)
        try await nodes.must("openssl", "pkey", "-in", key, "-noout")
        try node.write("no such file when the unit was started", to: "credentials/\(name)", mode: 0o600)
        let missing = try await node.run("run", "--task", "kubelet-key", environment: unit)
        #expect(missing.errors.contains("cannot read '\(identity)': No such file or directory"), "\(missing.errors)")
    }
}
