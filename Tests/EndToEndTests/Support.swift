import TestSupport
import Testing

extension TestCluster {
    /// Makes a namespace of a test's own on the shared cluster.
    ///
    /// - Returns: The cluster.
    static func shared(namespace: String) async throws -> TestCluster {
        let cluster = try await shared.value
        try await cluster.mustApply("{apiVersion: v1, kind: Namespace, metadata: {name: \(namespace)}}")
        return cluster
    }

    /// Applies a manifest with kubectl, which must not fail.
    func mustApply(_ manifest: String, manager: String = "kubectl") async throws {
        let result = try await kubectl(
            "apply",
            "--server-side",
            "--field-manager=\(manager)",
            "-f",
            "-",
            // What begins with a brace is JSON to kubectl.
            input: "---\n\(manifest)\n",
        )
        try #require(result.status == 0, "\(result.errors)")
    }

    /// Runs kubectl, which must not fail.
    func mustRunKubectl(_ arguments: String...) async throws { try await mustRunKubectl(arguments) }

    /// Runs kubectl, which must not fail.
    func mustRunKubectl(_ arguments: [String]) async throws {
        let result = try await kubectl(arguments)
        try #require(result.status == 0, "\(arguments): \(result.errors)")
    }

    /// Reads an object with kubectl as JSON.
    func object(_ type: String, _ name: String, namespace: String = "default") async throws -> JSON {
        let result = try await kubectl("get", type, name, "-n", namespace, "-o", "json")
        try #require(result.status == 0, "\(result.errors)")
        return try result.output.json
    }

    /// Whether the server's version is at least 1.`minor`.
    func isAtLeast(minor: Int) async throws -> Bool {
        try await TestCluster.minorVersion() >= minor
    }
}

/// Prints the lines of a failure, for a reader of the test output.
func show(_ failure: String, ours: ToolResult) {
    print("\(failure):\n\(ours.errorLines.map { "    \($0)\n" }.joined())", terminator: "")
}

/// The shipped graph on a server with nothing in it, run once for all tests that look at what came of it.
struct ShippedRun: Sendable {
    /// The server, with no controller manager: the status that one writes would move the objects' versions too.
    let cluster: TestCluster

    /// The node, in the cluster's directory.
    let node: TestNode

    /// How the first run ended.
    let first: ToolResult

    /// Runs the graph once; `try await shared.value`.
    static let shared = Task {
        let cluster = try await TestCluster.up(["--no-controller-manager"])
        let registered = try await cluster.kubectl("apply", "-f", "\(TestCluster.sourceRoot)/Tests/cluster/node.yaml")
        try #require(registered.status == 0, "\(registered.errors)")
        let node = try Self.node("node", of: cluster)
        // The tasks that are off as well, so that every shipped object is there.
        let on = "tasks: {node-authorizer: {enable: true}, kubelet-api-admin: {enable: true}}"
        try node.write(on, to: "bootstrap.d/60-on.yaml")
        let first = try await node.run("run", "--role", "control-plane")
        return ShippedRun(cluster: cluster, node: node, first: first)
    }

    /// Makes a node with the shipped task file and the cluster's drop-in.
    static func node(_ name: String, of cluster: TestCluster) throws -> TestNode {
        let node = try TestNode(try bootstrap, in: "\(cluster.directory)/\(name)")
        try node.write(try Files.text(cluster.dropIn), to: "bootstrap.d/50-test.yaml")
        return node
    }

    /// The shipped task file.
    static var bootstrap: String {
        get throws { try Files.text("\(TestCluster.sourceRoot)/examples/homelab/bootstrap.yaml") }
    }

    /// The variables of the shipped task file.
    static var variables: JSON {
        get async throws {
            try #require(try await bootstrap.yamlDocuments().first?["variables"])
        }
    }
}
