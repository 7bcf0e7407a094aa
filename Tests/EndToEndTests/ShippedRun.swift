import TestSupport
import Testing

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
