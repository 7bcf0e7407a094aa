import TestSupport
import Testing

/// Kubernetes' own programs on a control plane of the homelab, with what its node installs of a set.
struct CertificateCluster: Sendable {
    static let host = "ducksnest-controlplane"

    let nodes: CertificateNodes
    let server: String
    private let etcd: String
    private let peer: String

    /// The files of the node at one time.
    struct Installation: Sendable {
        let directory: String

        var authority: String { "\(directory)/ca.crt" }

        func certificate(_ name: String) -> String { "\(directory)/\(name).crt" }

        func key(_ name: String) -> String { "\(directory)/\(name).key" }
    }

    /// Makes the set, and chooses the addresses of the servers.
    init() async throws {
        nodes = try await CertificateNodes()
        etcd = "https://127.0.0.1:\(try freePort())"
        peer = "https://127.0.0.1:\(try freePort())"
        server = "https://127.0.0.1:\(try freePort())"
        try await nodes.renew()
    }

    /// The files that the node uses, which ``use(_:)`` exchanges under running programs.
    var node: Installation { Installation(directory: nodes.path("node")) }

    /// Replaces the files that the node uses, all at once.
    func use(_ files: Installation) throws {
        try Files.makeSymbolicLink(at: node.directory, to: files.directory, replacing: true)
    }

    /// Does what a node does at boot, in a directory of its own.
    func install(_ name: String) async throws -> Installation {
        let files = Installation(directory: nodes.path("node-\(name)"))
        try Files.makeDirectories(files.directory, mode: 0o700)
        try Files.write(Files.read("\(nodes.set)/ca/k8s.crt"), to: files.authority, mode: 0o644)
        let own = "derived/\(Self.host)/"
        for file in try nodes.files() where file.hasPrefix(own) {
            let name = file.dropFirst("\(own)k8s-".count)
            if name.hasSuffix(".age") {
                let (key, path) = (
                    nodes.path("private/\(Self.host)"), "\(files.directory)/\(name.dropLast(".age".count))"
                )
                try await nodes.must("age", "-d", "-i", key, "-o", path, "\(nodes.set)/\(file)")
            } else {
                try Files.write(
                    Files.read("\(nodes.set)/\(file)"),
                    to: "\(files.directory)/\(name)",
                    mode: 0o644
                )
            }
        }
        return files
    }

    /// The path of a program of Kubernetes, as the scripts of the test cluster find it.
    private func program(_ name: String) async throws -> String {
        let find = ". '\(TestCluster.sourceRoot)/Tests/cluster/lib.sh'; binary \(name)"
        let output = try await nodes.must("bash", "-c", find)
        return try #require(output.split(separator: "\n").first.map(String.init))
    }

    func startEtcd(_ files: Installation) async throws -> ChildProcess {
        try start([
            try await program("etcd"), "--name=\(Self.host)", "--data-dir=\(nodes.path("etcd"))",
            "--listen-client-urls=\(etcd)", "--advertise-client-urls=\(etcd)", "--listen-peer-urls=\(peer)",
            "--initial-advertise-peer-urls=\(peer)", "--initial-cluster=\(Self.host)=\(peer)",
            "--cert-file=\(files.certificate("etcd-server"))", "--key-file=\(files.key("etcd-server"))",
            "--client-cert-auth", "--trusted-ca-file=\(files.authority)",
            "--peer-cert-file=\(files.certificate("etcd-peer"))", "--peer-key-file=\(files.key("etcd-peer"))",
            "--peer-client-cert-auth", "--peer-trusted-ca-file=\(files.authority)",
        ])
    }

    func startServer(_ files: Installation) async throws -> ChildProcess {
        try start([
            try await program("kube-apiserver"), "--etcd-servers=\(etcd)", "--etcd-cafile=\(files.authority)",
            "--etcd-certfile=\(files.certificate("kube-apiserver-etcd-client"))",
            "--etcd-keyfile=\(files.key("kube-apiserver-etcd-client"))", "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none",
            "--secure-port=\(server.suffix(5).filter(\.isNumber))",
            "--service-cluster-ip-range=10.96.0.0/12", "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--client-ca-file=\(files.authority)",
            "--tls-cert-file=\(files.certificate("kube-apiserver"))",
            "--tls-private-key-file=\(files.key("kube-apiserver"))",
            "--kubelet-client-certificate=\(files.certificate("kube-apiserver-kubelet-client"))",
            "--kubelet-client-key=\(files.key("kube-apiserver-kubelet-client"))",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-account-key-file=\(files.certificate("service-account"))",
            "--service-account-signing-key-file=\(files.key("service-account"))",
        ])
    }

    func startControllerManager(_ files: Installation) async throws -> ChildProcess {
        let program = try await program("kube-controller-manager")
        // 1.20 would also listen without TLS.
        let hasPort = try await Tool.run(program, ["--help"]).output.contains("--port ")
        let flags = [
            program, "--kubeconfig=\(try kubeconfig("kube-controller-manager", files))",
            "--leader-elect=false", "--root-ca-file=\(files.authority)", "--use-service-account-credentials",
            "--service-account-private-key-file=\(files.key("service-account"))",
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
    func kubeconfig(_ name: String, _ files: Installation) throws -> String {
        let text = """
            {apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: c, user: u}}],
             clusters: [{name: c, cluster: {server: "\(server)", certificate-authority: "\(files.authority)"}}],
             users: [{name: u, user: {client-certificate: "\(files.certificate(name))", client-key: "\(files.key(name))"}}]}
            """
        let path = "\(files.directory)/\(name).kubeconfig"
        try Files.write(Array(text.utf8), to: path, mode: 0o600)
        return path
    }

    /// Runs kubectl as the user of a certificate.
    func kubectl(
        _ name: String,
        _ files: Installation,
        _ arguments: [String],
        input: String = "",
    ) async throws -> ToolResult {
        let kubeconfig = try kubeconfig(name, files)
        return try await Tool.run("kubectl", ["--kubeconfig", kubeconfig] + arguments, input: input)
    }

    /// Waits until the API server and etcd serve an administrator.
    func requireReady(_ files: Installation, _ process: ChildProcess) async throws {
        let request = ["get", "--raw=/readyz", "--request-timeout=5s"]
        var answer: ToolResult?
        let isReady = try await becomes {
            answer = try await kubectl("kube-admin", files, request)
            return answer?.status == 0
        }
        try #require(isReady, "\(answer?.errors ?? "")\(process.printedLines.suffix(5))")
    }

    /// Has the API server sign a token of a service account.
    func makeToken(_ files: Installation) async throws -> String {
        // The controller manager makes the account, which may take longer than the API server to be ready.
        let account = ["get", "serviceaccount", "default", "--namespace=default"]
        try #require(
            try await becomes { try await kubectl("kube-admin", files, account).status == 0 }
        )
        let path = "--raw=/api/v1/namespaces/default/serviceaccounts/default/token"
        let request = #"{"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}"#
        let result = try await kubectl("kube-admin", files, ["create", path, "-f", "-"], input: request)
        try #require(result.status == 0, "\(result.errors)")
        return try #require(result.output.json["status"]?["token"]?.string)
    }

    /// Asks the API server with a token.
    func ask(withToken token: String, _ files: Installation) async throws -> ToolResult {
        let anonymous = ["--kubeconfig=/dev/null", "--server=\(server)", "--certificate-authority=\(files.authority)"]
        return try await Tool.run("kubectl", anonymous + ["--token=\(token)", "get", "--raw=/api"])
    }
}
