import Glibc
public import Testing

/// A real API server that the tests own, started by the scripts of `Tests/cluster`.
///
/// Its servers are ended when the test process is gone, whatever became of it.
public struct TestCluster: Sendable {
    /// Where everything of the cluster is: PKI, kubeconfigs, logs, process identifiers.
    public let directory: String

    public let server: String

    /// Whether there are binaries to start; `Tests/cluster/setup` gets them.
    public static let isAvailable: Bool = {
        let probe = ". '\(scripts)/lib.sh'; binary etcd && binary kube-apiserver && kubectl_path"
        return (try? Tool("bash", ["-c", probe]))?.blockingResult().status == 0
    }()

    /// The minor version of the API server, such as 36, as its program says.
    ///
    /// Of a server that was built without its repository, `/version` does not say it.
    public static func minorVersion() async throws -> Int {
        let result = try await Tool.run(
            "bash",
            ["-euc", ". '\(scripts)/lib.sh'; \"$(binary kube-apiserver)\" --version"]
        )
        return try #require(result.output.firstMatch(of: /v1\.([0-9]+)/).flatMap { Int($0.1) }, "\(result.errors)")
    }

    /// The cluster that all tests of a process share, started by the first that asks; `try await shared.value`.
    ///
    /// Other tests write to it too: give objects names of their own, in a namespace of your own.
    public static let shared = Task { try await up() }

    public static let scripts = sourceRoot + "/Tests/cluster"

    /// Ends the clusters still there when the test process exits.
    private static let atExit: Void = {
        _ = atexit { TestCluster.endAll() }
    }()

    private static let living = Protected<Set<String>>([])

    /// Lends a cluster with nothing in it, and ends it afterwards.
    ///
    /// * `starting`: Whether it is started; if not, ports and PKI are there, and ``start(_:)`` starts it.
    public static func withFresh<Value>(
        starting: Bool = true,
        options: [String] = ["--no-controller-manager"],
        _ body: (TestCluster) async throws -> Value,
    ) async throws -> Value {
        let cluster = try await starting ? up(options) : prepare()
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(cluster))
        } catch {
            result = .failure(error)
        }
        try await cluster.down()
        return try result.get()
    }

    /// Starts those servers of the cluster that do not run, and waits until they are ready.
    public func start(_ options: [String] = ["--no-controller-manager"]) async throws {
        try await Self.script("start", [directory, "--with", "\(getpid())"] + options)
    }

    /// Stops servers; their data stays.
    ///
    /// * `servers`: Their names, such as `kube-apiserver`; none means all.
    public func stop(_ servers: String...) async throws {
        try await Self.script("stop", [directory] + servers)
    }

    /// Makes a client certificate issued by the cluster's CA, as `NAME.crt` and `NAME.key` among the credentials.
    ///
    /// * `name`: The name of the files.
    /// * `subject`: The subject, such as `/O=system:masters/CN=admin`.
    public func makeCertificate(_ name: String, subject: String) async throws {
        try await Self.script("certificate", [directory, name, subject])
    }

    /// Runs kubectl against the cluster, as its admin unless a kubeconfig is among the arguments.
    public func kubectl(_ arguments: String..., input: String = "") async throws(SupportError) -> ToolResult {
        try await kubectl(arguments, input: input)
    }

    public func kubectl(_ arguments: [String], input: String = "") async throws(SupportError) -> ToolResult {
        await (try startKubectl(arguments, input: input)).result()
    }

    public func startKubectl(_ arguments: [String], input: String = "") throws(SupportError) -> Tool {
        let assets = TestProcess.environment["KUBEBUILDER_ASSETS"].map { "\($0)/kubectl" }
        let kubeconfig = ["KUBECONFIG": kubeconfig]
        do {
            return try Tool("kubectl", arguments, environment: kubeconfig, input: input)
        } catch {
            guard let assets, error.isNotFound else { throw error }
            return try Tool(assets, arguments, environment: kubeconfig, input: input)
        }
    }

    public func down() async throws {
        try await Self.script("down", [directory])
        Self.living.withLock { _ = $0.remove(directory) }
    }
}

// MARK: - Paths

extension TestCluster {
    /// The kubeconfig of an admin, member of `system:masters`.
    public var kubeconfig: String { "\(directory)/admin.kubeconfig" }

    /// The kubeconfig of a user who may do nothing.
    public var nobodyKubeconfig: String { "\(directory)/nobody.kubeconfig" }

    /// The directory of certificates and keys, under the names that a node finds in `/run/agenix`.
    public var credentials: String { "\(directory)/pki" }

    public var certificateAuthority: String { "\(credentials)/k8s-ca.crt" }

    /// A drop-in with which the shipped `bootstrap.yaml` is for this cluster.
    public var dropIn: String { "\(directory)/drop-in.yaml" }

    public static let sourceRoot = String(#filePath.dropLast("/Tests/TestSupport/TestCluster.swift".count))
}

// MARK: - Scripts

/// A script or program that had to succeed and did not.
public struct ToolFailure: Error, Sendable, CustomStringConvertible {
    public var command: String

    public var result: ToolResult

    public var description: String { "'\(command)' ended with \(result.status): \(result.errors)" }
}

extension TestCluster {
    /// Starts a cluster that several tests look at; it ends with the test process.
    public static func up(_ options: [String] = []) async throws -> TestCluster {
        let cluster = try await prepare()
        do {
            try await cluster.start(options)
        } catch {
            try? await cluster.down()
            throw error
        }
        return cluster
    }

    private static func prepare() async throws -> TestCluster {
        _ = atExit
        let random = String(UInt64.random(in: .min ... .max), radix: 36)
        let directory = "\(TestProcess.temporaryDirectory)/nest-cluster.\(random)"
        living.withLock { _ = $0.insert(directory) }
        try await script("prepare", [directory])
        let text = try Files.text("\(directory)/env")
        let prefix = "NEST_SERVER="
        let line = text.split(separator: "\n").first { $0.hasPrefix(prefix) }
        return TestCluster(directory: directory, server: String((line ?? "").dropFirst(prefix.count)))
    }

    private static func script(_ name: String, _ arguments: [String]) async throws {
        let result = try await Tool.run("\(scripts)/\(name)", arguments)
        guard result.status == 0 else { throw ToolFailure(command: name, result: result) }
    }

    private static func endAll() {
        for directory in living.withLock({ $0 }) {
            _ = (try? Tool("\(scripts)/down", [directory]))?.blockingResult()
        }
    }
}

extension Trait where Self == ConditionTrait {
    public static var needsAPIServer: Self {
        .enabled(if: TestCluster.isAvailable, "no kube-apiserver; run Tests/cluster/setup")
    }
}

/// The node of a cluster that was started with `--node NAME`: a kubelet and containerd, in namespaces of their own.
extension TestCluster {
    /// A drop-in with which the shipped `bootstrap.yaml` is for this node, after ``dropIn``.
    public var nodeDropIn: String { "\(directory)/node/drop-in.yaml" }

    /// Whether this machine can start a node.
    public static let canRunNode: Bool = {
        guard isAvailable else { return false }
        return (try? Tool("\(scripts)/can-run-node"))?.blockingResult().status == 0
    }()

    public func runOnNode(_ command: String...) async throws(SupportError) -> ToolResult {
        try await Tool.run("\(Self.scripts)/inside", [directory] + command)
    }
}

extension Trait where Self == ConditionTrait {
    public static var needsNode: Self {
        .enabled(if: TestCluster.canRunNode, "no node can be started; Tests/cluster/can-run-node says why")
    }
}

extension TestCluster {
    /// Reads one line for every object of the server: kind, namespace, name and version.
    ///
    /// Leases are left out, which newer servers renew for themselves, and events.
    public func versions() async throws -> [String] {
        let passedOver = ["leases.coordination.k8s.io", "events", "events.events.k8s.io", "componentstatuses"]
        let types = try await kubectl("api-resources", "--verbs=list", "-o", "name").outputLines
            .filter { !passedOver.contains($0) }
        let columns = "K:.kind,NS:.metadata.namespace,N:.metadata.name,V:.metadata.resourceVersion"
        let result = try await kubectl(
            "get",
            types.joined(separator: ","),
            "-A",
            "--no-headers",
            "-o",
            "custom-columns=\(columns)",
        )
        guard result.status == 0 else { throw ToolFailure(command: "kubectl get", result: result) }
        return result.outputLines.sorted()
    }
}
