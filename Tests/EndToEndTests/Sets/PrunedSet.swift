import TestSupport
import Testing

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

    /// What is printed about an object that is kept for another reason than another task.
    static func advice(_ object: String) -> String {
        "delete it with 'kubectl delete \(object)', or take it out of the ApplySet with "
            + "'kubectl label \(object) applyset.kubernetes.io/part-of-'"
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

    func annotation(_ key: String) async throws -> String? {
        try await parent()["metadata"]?["annotations"]?["applyset.kubernetes.io/\(key)"]?.string
    }
}
