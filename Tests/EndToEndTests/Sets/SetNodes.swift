import TestSupport
import Testing

/// Nodes that have the same task with a set, each with files of its own.
struct SetNodes {
    let cluster: TestCluster
    let namespace: String
    private let nodes: [String: TestNode]

    /// Makes nodes.
    ///
    /// - Parameters:
    ///   - namespace: The namespace of the objects, which is created, and the name of the task.
    ///   - names: The names of the nodes.
    /// - Throws: An error if the namespace or a file cannot be created.
    init(_ namespace: String, _ names: String...) async throws {
        cluster = try await TestCluster.shared.value
        self.namespace = namespace
        try await cluster.mustApply("{apiVersion: v1, kind: Namespace, metadata: {name: \(namespace)}}")
        var nodes: [String: TestNode] = [:]
        for name in names {
            nodes[name] = try TestNode("", in: TemporaryDirectory.file("\(namespace)-\(name)"))
        }
        self.nodes = nodes
    }

    func node(_ name: String) throws -> TestNode {
        try #require(nodes[name], "no node '\(name)'")
    }

    /// Writes the task file and the ConfigMaps of a node.
    ///
    /// - Parameters:
    ///   - name: The node.
    ///   - maps: The names of the ConfigMaps, with their values.
    ///   - options: The keys of `apply`.
    ///   - task: The name of the task.
    ///   - kubeconfig: The kubeconfig, by default that of the cluster.
    /// - Throws: An error if a file cannot be written.
    func write(
        _ name: String,
        _ maps: KeyValuePairs<String, String>,
        _ options: String = "prune: true",
        task: String? = nil,
        kubeconfig: String? = nil,
    ) throws {
        let verb = "apply: {kubeconfig: \(kubeconfig ?? cluster.kubeconfig), manifests: [m.yaml], \(options)}"
        try node(name).write("tasks: {\(task ?? namespace): {\(verb)}}\n", to: "bootstrap.yaml")
        let documents = maps.map { name, value in
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: \(name), namespace: \(namespace)}, data: {a: '\(value)'}}"
        }
        try node(name).write(documents.joined(separator: "\n---\n") + "\n", to: "m.yaml")
    }

    /// Writes a task file without a set.
    func writeOtherTask(_ name: String, _ task: String = "other: {symlink: {path: /tmp/link, target: /tmp}}") throws {
        try node(name).write("tasks: {\(task)}\n", to: "bootstrap.yaml")
    }

    @discardableResult
    func run(_ name: String, _ arguments: String...) async throws -> ToolResult {
        let words = arguments.isEmpty ? ["run"] : arguments
        return await (try node(name).start(words + ["--host-name", name])).result()
    }

    /// The values of the ConfigMaps in the namespace, by name.
    func maps() async throws -> [String: String] {
        let list = try await cluster.kubectl("get", "configmaps", "-n", namespace, "-o", "json").output.json
        var maps: [String: String] = [:]
        for item in list["items"]?.sequence ?? [] {
            guard let name = item["metadata"]?["name"]?.string, !name.hasSuffix(".crt") else { continue }
            maps[name] = item["data"]?["a"]?.string
        }
        return maps
    }

    func hasParent() async throws -> Bool {
        try await cluster.kubectl("get", "configmap", "nest-bootstrap-\(namespace)", "-n", "kube-system").status == 0
    }
}
