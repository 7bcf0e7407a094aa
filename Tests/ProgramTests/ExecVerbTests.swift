import TestSupport
import Testing

/// Tasks that run programs.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct ExecVerbTests {
    @Test func `a script has its environment, its arguments and what preStart made`() async throws {
        let node = try TestNode(
            """
            variables: {place: north}
            tasks:
              seed:
                exec:
                  script: seed.sh
                  args: [one, "two words", "$HOME"]
                  environment: {PLACE: "${place}", STAMP: \(TemporaryDirectory.file("stamp"))}
                  preStart: |
                    echo "prepared for $PLACE" > "$STAMP"
            """
        )
        try node.write(
            """
            cat "$STAMP"
            echo "$NEST_TASK $#: $1, $2, $3"
            echo "problems go here" >&2
            """,
            to: "seed.sh",
        )
        let result = try await node.run("run")
        #expect(result.status == 0, "\(result.errors)")
        for line in ["prepared for north", "seed 3: one, two words, $HOME", "problems go here"] {
            #expect(result.outputLines.contains("seed: | \(line)"), "\(result.output)")
        }
    }
}

/// Keys of the homelab's certificates, decrypted on a node with its SSH key.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
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
            #expect(result.output.contains("/run/kubernetes/kubelet.key"), "\(command): \(result.errors)")
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
}
