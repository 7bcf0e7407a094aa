import TestSupport
import Testing

/// Kubernetes' own programs with the certificates of the homelab's control plane.
@Suite(.needsAPIServer, .temporaryDirectory, .timeLimit(.minutes(15)))
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

    @Test func `Kubernetes runs on the set, and tokens outlive a renewal of their certificate, but not of its key`()
        async throws
    {
        let store = try await cluster.startEtcd(files)
        defer { withExtendedLifetime(store) {} }
        var api = try await cluster.startServer(files)
        try await cluster.requireReady(files, api)
        let manager = try await cluster.startControllerManager(files)
        let token = try await cluster.makeToken(files)
        try await expectIdentities()
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
}

/// The CA of a running control plane is replaced.
@Suite(.needsAPIServer, .temporaryDirectory, .serialized, .timeLimit(.minutes(15)))
struct CertificateRotationClusterTests {
    private typealias Installation = CertificateCluster.Installation

    /// The servers of the control plane, with the files that the node uses.
    private struct Servers {
        let cluster: CertificateCluster
        var etcd: ChildProcess
        var api: ChildProcess
        var manager: ChildProcess
        /// What servers wrote that run no longer.
        private var lines: [String] = []

        init(_ cluster: CertificateCluster) async throws {
            self.cluster = cluster
            etcd = try await cluster.startEtcd(cluster.node)
            api = try await cluster.startServer(cluster.node)
            try await cluster.requireReady(cluster.node, api)
            manager = try await cluster.startControllerManager(cluster.node)
        }

        var allLines: [String] { lines + etcd.printedLines + api.printedLines + manager.printedLines }

        mutating func restartEtcd() async throws {
            end(etcd)
            etcd = try await cluster.startEtcd(cluster.node)
        }

        mutating func restartAPIServer() async throws {
            end(api)
            api = try await cluster.startServer(cluster.node)
        }

        mutating func restartManager() async throws {
            end(manager)
            manager = try await cluster.startControllerManager(cluster.node)
        }

        private mutating func end(_ process: ChildProcess) {
            lines += process.printedLines
            process.end()
        }

        /// The CA that pods get.
        func publishedAuthority() async throws -> String {
            let request = ["get", "configmap", "kube-root-ca.crt", "-o", #"jsonpath={.data.ca\.crt}"#]
            return try await cluster.kubectl("kube-admin", cluster.node, request).output
        }

        /// Waits until pods get the CA of the node's files.
        mutating func requirePublication(_ moment: String) async throws {
            let authority = try Files.text(cluster.node.authority)
            let isPublished = try await becomes {
                // It ends if the API server does not respond within 10 s; a node's unit starts it again.
                if !manager.isRunning { try await restartManager() }
                return try await publishedAuthority() == authority
            }
            try #require(isPublished, "\(moment): \(manager.printedLines.suffix(20))")
        }
    }

    /// A kubectl that asks once a second.
    private final class Requests: Sendable {
        private let isOver = Protected(false)
        private let results = Protected<[ToolResult]>([])

        func run(_ cluster: CertificateCluster) async throws {
            while !isOver.withLock({ $0 }) {
                let request = ["get", "namespaces", "--request-timeout=5s"]
                let result = try await cluster.kubectl("kube-admin", cluster.node, request)
                results.withLock { $0.append(result) }
                try await ContinuousClock().sleep(for: .seconds(1))
            }
        }

        func end() -> [ToolResult] {
            isOver.withLock { $0 = true }
            return results.withLock { $0 }
        }
    }

    /// Whether a message says that a certificate was refused.
    private static func isOfTrust(_ text: some StringProtocol) -> Bool {
        ["x509:", "bad certificate", "unknown authority", "Unauthorized", "remote error: tls"].contains {
            text.contains($0)
        }
    }

    /// Does a step, and makes the files that its list begins with.
    private func rotate(_ cluster: CertificateCluster, _ step: String) async throws -> Installation {
        let nodes = cluster.nodes
        let result = try await nodes.run("rotate-ca", "--step", step, "--confirm", nodes.identity)
        try #require(result.status == 0, "\(result.errors)")
        #expect(result.output.contains("\non every node: install "), "\(step): \(result.output)")
        return try await cluster.install(step)
    }

    @Test func `no request is refused for lack of trust`() async throws {
        let cluster = try await CertificateCluster()
        var installed = [try await cluster.install("first")]
        try cluster.use(installed[0])
        var servers = try await Servers(cluster)
        try await servers.requirePublication("start")
        let token = try await cluster.makeToken(cluster.node)

        let requests = Requests()
        async let asked: Void = requests.run(cluster)
        for step in ["add", "issue", "remove"] {
            let (old, new) = (installed[installed.count - 1], try await rotate(cluster, step))
            // Clients of other nodes have the files from before the step, or those from after it.
            func expectService(_ moment: String) async throws {
                for client in [old, new] { try await cluster.requireReady(client, servers.api) }
            }
            try cluster.use(new)
            try await expectService("\(step), installed")
            try await servers.restartEtcd()
            try await expectService("\(step), etcd")
            try await servers.restartAPIServer()
            try await expectService("\(step), API server")
            try await servers.restartManager()
            try await servers.requirePublication(step)
            let answer = try await cluster.ask(withToken: token, new)
            #expect(answer.status == 0, "\(step): \(answer.errors)")
            installed.append(new)
        }
        let results = requests.end()
        try await asked
        let unanswered = results.filter { $0.status != 0 }.map(\.errors)
        print("requests: \(results.count), without an answer while a server was restarted: \(unanswered.count)")
        #expect(results.count { $0.status == 0 } > 10)
        #expect(unanswered.filter(Self.isOfTrust) == [])
        #expect(servers.allLines.filter(Self.isOfTrust) == [])
        // Clients with the files from before the first step, and from before the second, were left out.
        for left in installed[...1] {
            let refused = try await cluster.kubectl("kube-admin", left, ["get", "--raw=/api"])
            #expect(refused.status != 0 && Self.isOfTrust(refused.errors), "\(refused.errors)")
        }
    }
}
