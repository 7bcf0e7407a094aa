import TestSupport
import Testing

/// Kubernetes' own programs with the certificates of the homelab's control plane.
@Suite(.needsAPIServer, .temporaryDirectory, .timeLimit(.minutes(30)))
struct CertificateClusterTests {
    private let cluster: CertificateCluster
    private let files: CertificateCluster.Installation

    init() async throws {
        cluster = try await CertificateCluster()
        files = try await cluster.install("first")
    }

    private func kubectl(_ name: String, _ arguments: String..., input: String = "") async throws -> ToolResult {
        try await cluster.kubectl(name, files, arguments, input: input)
    }

    @Test func `etcd, API server, controller manager and kubectl run on the set`() async throws {
        let store = try await cluster.startEtcd(files)
        let api = try await cluster.startServer(files)
        defer { withExtendedLifetime((store, api)) {} }
        try await cluster.requireReady(files, api)
        var manager = try await cluster.startControllerManager(files)
        defer { withExtendedLifetime(manager) {} }
        let hasAccount = try await becomes {
            // It ends if the API server does not respond within 10 s; a node's unit starts it again.
            if !manager.isRunning { manager = try await cluster.startControllerManager(files) }
            return try await kubectl("kube-admin", "get", "serviceaccount", "default").status == 0
        }
        try #require(hasAccount, "the controller manager makes no service account: \(manager.printedLines.suffix(20))")
        try await expectIdentities()
        try await expectToken()
    }

    @Test func `tokens outlive a renewal of the certificate that signs them, and end with another key`() async throws {
        let store = try await cluster.startEtcd(files)
        defer { withExtendedLifetime(store) {} }
        var api = try await cluster.startServer(files)
        try await cluster.requireReady(files, api)
        let manager = try await cluster.startControllerManager(files)
        let token = try await cluster.makeToken(files)
        manager.end()
        #expect(try await cluster.ask(withToken: token, files).status == 0)

        // Other certificates get another key, and this one keeps its own.
        let names = ["service-account", "kube-scheduler"]
        let changed = names.map {
            "\($0): {roles: [control-plane], commonName: \($0), usages: [USAGE], organization: o}"
        }
        let usages = ["signing", "client auth"]
        let leaves = zip(changed, usages).map { "  " + $0.replacing("USAGE", with: $1) }
        try await cluster.nodes.declare("leaves:\n  \(leaves.joined(separator: "\n  "))")
        try await cluster.nodes.renew()
        let renewed = try await cluster.install("renewed")
        for name in names {
            #expect(try Files.read(renewed.certificate(name)) != Files.read(files.certificate(name)), "\(name)")
            let hasSameKey = try Files.read(renewed.key(name)) == Files.read(files.key(name))
            #expect(hasSameKey == (name == "service-account"), "\(name)")
        }
        func answer(from files: CertificateCluster.Installation) async throws -> ToolResult {
            api.end()
            api = try await cluster.startServer(files)
            try await cluster.requireReady(files, api)
            return try await cluster.ask(withToken: token, files)
        }
        let after = try await answer(from: renewed)
        #expect(after.status == 0, "\(after.errors)")

        try await cluster.nodes.renew("--all", "--name", "service-account")
        let replaced = try await answer(from: try await cluster.install("replaced"))
        #expect(replaced.status != 0)
        #expect(replaced.errors.contains("Unauthorized") || replaced.errors.contains("logged in"), "\(replaced.errors)")
    }

    /// Every certificate for clients is accepted, with what its subject says and no more.
    private func expectIdentities() async throws {
        let clients = [
            "kubelet", "calico-cni", "kube-proxy", "kube-scheduler", "kube-controller-manager",
            "kube-apiserver-kubelet-client",
        ]
        for name in clients {
            // Only users with a certificate or a token may read it.
            #expect(try await kubectl(name, "get", "--raw=/api").status == 0, "\(name)")
            #expect(try await kubectl(name, "create", "namespace", "x").status != 0, "\(name)")
        }
        #expect(try await kubectl("kube-admin", "create", "namespace", "made").status == 0)
        let host = CertificateCluster.host
        let node = #"{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "\#(host)"}}"#
        #expect(try await kubectl("kubelet", "create", "-f", "-", input: node).status == 0)
        let other = node.replacing(host, with: "other")
        let refused = try await kubectl("kubelet", "create", "-f", "-", input: other)
        #expect(refused.errors.contains("is not allowed to modify node \"other\""), "\(refused.errors)")
        let stranger = try await kubectl("etcd-client", "get", "nodes")
        #expect(stranger.errors.contains("User \"etcd-client\" cannot list resource \"nodes\""), "\(stranger.errors)")
    }

    /// The API server signs a token with the key of the set, and accepts it.
    private func expectToken() async throws {
        let token = try await cluster.makeToken(files)
        let answer = try await cluster.ask(withToken: token, files)
        #expect(answer.status == 0, "\(answer.errors)")
        #expect(try await cluster.ask(withToken: "\(token.dropLast(8))AAAAAAAA", files).status != 0)
    }
}
