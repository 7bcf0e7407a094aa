import TestSupport
import Testing

/// Nodes that have the same task with a set, each with files of its own.
struct SetNodes {
    let cluster: TestCluster
    let namespace: String
    private let nodes: [String: TestNode]

    /// Makes nodes; the namespace, which is created, is also the name of the task.
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
    func write(
        _ name: String,
        _ maps: KeyValuePairs<String, String>,
        _ options: String = "prune: true",
    ) throws {
        let verb = "apply: {kubeconfig: \(cluster.kubeconfig), manifests: [m.yaml], \(options)}"
        try node(name).write("tasks: {\(namespace): {\(verb)}}\n", to: "bootstrap.yaml")
        let documents = maps.map { name, value in
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: \(name), namespace: \(namespace)}, data: {a: '\(value)'}}"
        }
        try node(name).write(documents.joined(separator: "\n---\n") + "\n", to: "m.yaml")
    }

    /// Writes a task file without a set.
    func writeOtherTask(_ name: String, _ task: String = "other: {symlink: {path: /tmp/link, target: /tmp}}") throws {
        try node(name).write("tasks: {\(task)}\n", to: "bootstrap.yaml")
    }

    /// The declaration that deletes the set.
    var removal: String { "remove: {set: \(namespace), kubeconfig: \(cluster.kubeconfig)}" }

    func writeRemoval(_ name: String) throws { try writeOtherTask(name, "end: {\(removal)}") }

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

/// A task with `prune: true` in a namespace of its own, both of one name.
struct PrunedSet: Sendable {
    let cluster: TestCluster
    let node: TestNode
    let name: String
    let kubeconfig: String

    init(_ name: String, kubeconfig: String? = nil) async throws {
        let cluster = try await TestCluster.shared.value
        try await cluster.mustApply("{apiVersion: v1, kind: Namespace, metadata: {name: \(name)}}")
        (self.cluster, self.name) = (cluster, name)
        self.kubeconfig = kubeconfig ?? cluster.kubeconfig
        node = try TestNode("", in: TemporaryDirectory.file(name))
        try writeTask("prune: true")
    }

    func writeTask(_ options: String, timeout: String = "10m", more: String = "") throws {
        let task = "\(name): {timeout: \(timeout), apply: {kubeconfig: \(kubeconfig), manifests: [m.yaml], \(options)}}"
        try node.write("tasks:\n  \(task)\n\(more.isEmpty ? "" : "  \(more)\n")", to: "bootstrap.yaml")
    }

    /// Writes the kubeconfig of the task, for a server on loopback without TLS.
    func useServer(_ port: UInt16) throws { try KubectlProxy.writeKubeconfig(kubeconfig, port: port) }

    func map(_ name: String, metadata: String? = nil, data: String = "1") -> String {
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: \(name), namespace: \(self.name)"
            + "\(metadata.map { ", \($0)" } ?? "")}, data: {a: '\(data)'}}"
    }

    /// Writes the manifests: ConfigMaps of these names, and other objects.
    func write(_ names: [String], more: String...) throws {
        try node.write((names.map { map($0) } + more).joined(separator: "\n---\n") + "\n", to: "m.yaml")
    }

    /// The definition of a kind with namespaces.
    static func definition(_ kind: String) -> String {
        let plural = "\(kind.lowercased())s"
        return """
            apiVersion: apiextensions.k8s.io/v1
            kind: CustomResourceDefinition
            metadata: {name: \(plural).prune.test}
            spec:
              group: prune.test
              scope: Namespaced
              names: {kind: \(kind), plural: \(plural)}
              versions:
                - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
            """
    }

    /// The names of the ConfigMaps in the namespace, without those that controllers put into every namespace.
    func names() async throws -> [String] {
        let result = try await cluster.kubectl("get", "configmaps", "-n", name, "-o", "name")
        return result.outputLines.map { String($0.trimmingPrefix("configmap/")) }.filter { !$0.hasSuffix(".crt") }
    }

    func parent() async throws -> JSON {
        try await cluster.object("configmap", "nest-bootstrap-\(name)", namespace: "kube-system")
    }

    /// The objects that the ConfigMap of the set lists for the node.
    func members() async throws -> [String] {
        let key = try await parent()["data"]?["node.\(TestProcess.hostName)"]?.string ?? ""
        return key.split(separator: "\n").map(String.init)
    }
}

/// A server on loopback that passes requests on to the API server, and needs no TLS and no credentials.
struct KubectlProxy: Sendable {
    let port: UInt16
    private let process: ChildProcess

    /// Starts the proxy.
    init(to cluster: TestCluster) async throws {
        let process = try ChildProcess(["kubectl", "--kubeconfig", cluster.kubeconfig, "proxy", "--port=0"])
        process.collectOutput()
        let start = "Starting to serve on 127.0.0.1:"
        try #require(try await becomes { process.printedLines.contains { $0.hasPrefix(start) } })
        let line = process.printedLines.first { $0.hasPrefix(start) } ?? ""
        port = try #require(UInt16(line.dropFirst(start.count)))
        self.process = process
    }

    /// Writes a kubeconfig for a server on loopback without TLS.
    static func writeKubeconfig(_ path: String, port: UInt16) throws {
        let text = """
            {current-context: x, contexts: [{name: x, context: {cluster: c, user: u}}], users: [{name: u, user: {}}],
             clusters: [{name: c, cluster: {server: 'http://127.0.0.1:\(port)'}}]}
            """
        try Files.write(Array(text.utf8), to: path, mode: 0o600)
    }
}
