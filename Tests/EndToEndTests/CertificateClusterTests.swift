import Base
import Host
import TestSupport
import Testing
import YAML

/// Kubernetes' own programs with the certificates of the homelab's control plane.
@Suite(.needsAPIServer, .temporaryDirectory, .timeLimit(.minutes(10)))
struct CertificateClusterTests {
    private static let host = "ducksnest-controlplane"

    private let nodes: CertificateNodes
    private let etcd: String
    private let server: String

    init() async throws {
        nodes = try await CertificateNodes()
        etcd = "https://127.0.0.1:\(try freePort())"
        server = "https://127.0.0.1:\(try freePort())"
        try await nodes.renew()
        try await decryptKeys()
    }

    /// Does what a node does at boot.
    private func decryptKeys() async throws {
        try FileSystem.makeDirectories(nodes.path("pki"), mode: 0o700)
        let own = "derived/\(Self.host)/"
        for file in try nodes.files() where file.hasPrefix(own) && file.hasSuffix(".age") {
            let name = file.dropFirst("\(own)k8s-".count).dropLast(".age".count)
            let key = nodes.path("private/\(Self.host)")
            try await nodes.must("age", "-d", "-i", key, "-o", nodes.path("pki/\(name)"), "\(nodes.set)/\(file)")
        }
    }

    private var authority: String { "\(nodes.set)/ca/k8s.crt" }

    private func certificate(_ name: String) -> String { "\(nodes.set)/derived/\(Self.host)/k8s-\(name).crt" }

    private func key(_ name: String) -> String { nodes.path("pki/\(name).key") }

    /// The path of a program of Kubernetes, as the scripts of the test cluster find it.
    private func program(_ name: String) async throws -> String {
        let find = ". '\(TestCluster.sourceRoot)/Tests/cluster/lib.sh'; binary \(name)"
        let output = try await nodes.must("bash", "-c", find)
        return try #require(output.split(separator: "\n").first.map(String.init))
    }

    private func startEtcd() async throws -> ChildProcess {
        let peer = "https://127.0.0.1:\(try freePort())"
        return try start([
            try await program("etcd"), "--name=\(Self.host)", "--data-dir=\(nodes.path("etcd"))",
            "--listen-client-urls=\(etcd)", "--advertise-client-urls=\(etcd)", "--listen-peer-urls=\(peer)",
            "--initial-advertise-peer-urls=\(peer)", "--initial-cluster=\(Self.host)=\(peer)",
            "--cert-file=\(certificate("etcd-server"))", "--key-file=\(key("etcd-server"))", "--client-cert-auth",
            "--trusted-ca-file=\(authority)", "--peer-cert-file=\(certificate("etcd-peer"))",
            "--peer-key-file=\(key("etcd-peer"))", "--peer-client-cert-auth", "--peer-trusted-ca-file=\(authority)",
        ])
    }

    private func startServer() async throws -> ChildProcess {
        try start([
            try await program("kube-apiserver"), "--etcd-servers=\(etcd)", "--etcd-cafile=\(authority)",
            "--etcd-certfile=\(certificate("kube-apiserver-etcd-client"))",
            "--etcd-keyfile=\(key("kube-apiserver-etcd-client"))", "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none",
            "--secure-port=\(server.suffix(5).filter(\.isNumber))",
            "--service-cluster-ip-range=10.96.0.0/12", "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--client-ca-file=\(authority)",
            "--tls-cert-file=\(certificate("kube-apiserver"))", "--tls-private-key-file=\(key("kube-apiserver"))",
            "--kubelet-client-certificate=\(certificate("kube-apiserver-kubelet-client"))",
            "--kubelet-client-key=\(key("kube-apiserver-kubelet-client"))",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-account-key-file=\(certificate("service-account"))",
            "--service-account-signing-key-file=\(key("service-account"))",
        ])
    }

    private func startControllerManager() async throws -> ChildProcess {
        let program = try await program("kube-controller-manager")
        // 1.20 would also listen without TLS.
        let hasPort = try await Tool.run(program, ["--help"]).output.contains("--port ")
        let flags = [
            program, "--kubeconfig=\(try kubeconfig("kube-controller-manager"))",
            "--leader-elect=false", "--root-ca-file=\(authority)", "--use-service-account-credentials=false",
            "--service-account-private-key-file=\(key("service-account"))",
            "--secure-port=\(try freePort())", "--cert-dir=\(nodes.path("manager"))",
        ]
        return try start(flags + (hasPort ? ["--port=0"] : []))
    }

    private func start(_ command: [String]) throws -> ChildProcess {
        let process = try ChildProcess(command)
        process.collectOutput()
        return process
    }

    /// Writes the kubeconfig of a certificate.
    private func kubeconfig(_ name: String) throws -> String {
        let text = """
            {apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: c, user: u}}],
             clusters: [{name: c, cluster: {server: "\(server)", certificate-authority: "\(authority)"}}],
             users: [{name: u, user: {client-certificate: "\(certificate(name))", client-key: "\(key(name))"}}]}
            """
        try FileSystem.write(Array(text.utf8), to: nodes.path("\(name).kubeconfig"), mode: 0o600)
        return nodes.path("\(name).kubeconfig")
    }

    private func kubectl(_ name: String, _ arguments: String..., input: String = "") async throws -> ToolResult {
        let kubeconfig = try kubeconfig(name)
        return try await Tool.run("kubectl", ["--kubeconfig", kubeconfig] + arguments, input: input)
    }

    @Test func `etcd, API server, controller manager and kubectl run on the set`() async throws {
        let store = try await startEtcd()
        let api = try await startServer()
        defer { withExtendedLifetime((store, api)) {} }
        let isReady = try await becomes(within: .seconds(240)) {
            try await kubectl("kube-admin", "get", "--raw=/readyz", "--request-timeout=5s").status == 0
        }
        let answer = try await kubectl("kube-admin", "get", "--raw=/readyz")
        try #require(isReady, "\(answer.errors)\(api.printedLines.suffix(5))")
        var manager = try await startControllerManager()
        defer { withExtendedLifetime(manager) {} }
        let hasAccount = try await becomes(within: .seconds(240)) {
            // It ends if the API server does not respond within 10 s; a node's unit starts it again.
            if !manager.isRunning { manager = try await startControllerManager() }
            return try await kubectl("kube-admin", "get", "serviceaccount", "default").status == 0
        }
        try #require(hasAccount, "the controller manager makes no service account: \(manager.printedLines.suffix(20))")
        try await expectIdentities()
        try await expectToken()
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
        let node = #"{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "\#(Self.host)"}}"#
        #expect(try await kubectl("kubelet", "create", "-f", "-", input: node).status == 0)
        let other = node.replacing(Self.host, with: "other")
        let refused = try await kubectl("kubelet", "create", "-f", "-", input: other)
        #expect(refused.errors.contains("is not allowed to modify node \"other\""), "\(refused.errors)")
        let stranger = try await kubectl("etcd-client", "get", "nodes")
        #expect(stranger.errors.contains("User \"etcd-client\" cannot list resource \"nodes\""), "\(stranger.errors)")
    }

    /// The API server signs a token with the key of the set, and accepts it.
    private func expectToken() async throws {
        let path = "--raw=/api/v1/namespaces/default/serviceaccounts/default/token"
        let request = #"{"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}"#
        let result = try await kubectl("kube-admin", "create", path, "-f", "-", input: request)
        try #require(result.status == 0, "\(result.errors)")
        let token = try #require(result.output.json["status"]?["token"]?.string)
        let anonymous = ["--kubeconfig=/dev/null", "--server=\(server)", "--certificate-authority=\(authority)"]
        let answer = try await Tool.run("kubectl", anonymous + ["--token=\(token)", "get", "--raw=/api"])
        #expect(answer.status == 0, "\(answer.errors)")
        let wrong = try await Tool.run(
            "kubectl",
            anonymous + ["--token=\(token.dropLast(8))AAAAAAAA", "get", "--raw=/api"]
        )
        #expect(wrong.status != 0)
    }
}
