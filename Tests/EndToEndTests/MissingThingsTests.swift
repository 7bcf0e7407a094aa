import TestSupport
import Testing

/// Reports about missing kinds, namespaces and permissions.
@Suite(.needsAPIServer, .temporaryDirectory, .timeLimit(.minutes(15)))
struct MissingThingsTests {
    /// Widgets and a namespace that no task creates, Gadgets and a namespace that a later task creates.
    static let manifests = [
        "lost": """
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: lost
          namespace: nosuch
        """,
        "early": """
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: early
          namespace: missing-later
        """,
        "widget": """
        apiVersion: example.test/v1
        kind: Widget
        metadata: {name: w}
        """,
        "gadget": """
        apiVersion: example.test/v1
        kind: Gadget
        metadata: {name: g}
        """,
        "old-version": """
        apiVersion: apps/v1beta7
        kind: Deployment
        metadata: {name: d}
        """,
    ]

    static let later = """
        apiVersion: v1
        kind: Namespace
        metadata: {name: missing-later}
        ---
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: gadgets.example.test}
        spec:
          group: example.test
          scope: Cluster
          names: {plural: gadgets, singular: gadget, kind: Gadget, listKind: GadgetList}
          versions:
            - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
        """

    private func node(_ cluster: TestCluster) throws -> TestNode {
        let tasks = Self.manifests.keys.sorted().map { name in
            "  \(name): {apply: {kubeconfig: \(cluster.kubeconfig), manifests: [\(name).yaml]}}\n"
        }
        // The missing objects depend on a task that never succeeds: the run must know their task all the same.
        let node = try TestNode(
            "tasks:\n\(tasks.joined())"
                + "  gate: {exec: {command: 'false'}}\n"
                + "  brings: {after: [gate], apply: {kubeconfig: \(cluster.kubeconfig), manifests: [later.yaml]}}\n"
        )
        for (name, text) in Self.manifests { try node.write(text, to: "\(name).yaml") }
        try node.write(Self.later, to: "later.yaml")
        return node
    }

    @Test func `a missing object is reported with its dependant, the line, and the task that creates it`() async throws
    {
        let cluster = try await TestCluster.shared.value
        let node = try node(cluster)
        let result = try await node.run("run")
        #expect(result.status == 1)
        show("missing things", ours: result)
        let lines = result.errorLines.map { $0.replacing("\(node.directory)/", with: "") }
        for (start, end) in [
            (
                "lost: error: lost.yaml:5:14: ConfigMap/nosuch/lost: namespace 'nosuch' does not exist; no task ",
                "or correct 'metadata.namespace'"
            ),
            (
                "early: error: early.yaml:6:14: ConfigMap/missing-later/early: namespace 'missing-later' ",
                "task 'brings' provides it (later.yaml:1:1); write 'after: [brings]' in task 'early'"
            ),
            (
                "widget: error: widget.yaml:1:13: Widget/w: the server has no kind 'Widget' in 'example.test/v1'; no task ",
                "apply the CustomResourceDefinition that defines it first"
            ),
            (
                "gadget: error: gadget.yaml:1:13: Gadget/g: the server has no kind 'Gadget' in 'example.test/v1'; ",
                "task 'brings' provides it (later.yaml:5:1); write 'after: [brings]' in task 'gadget'"
            ),
            (
                "old-version: error: old-version.yaml:1:13: Deployment/d: the server has no kind 'Deployment' in ",
                "write 'apiVersion: apps/v1'"
            ),
        ] {
            let isFound = lines.contains { $0.hasPrefix(start) && $0.hasSuffix(end) }
            #expect(isFound, "\(start)\n\(lines.joined(separator: "\n"))")
        }
        #expect(result.outputLines.contains("brings: skipped: 'gate' did not succeed"))
    }
}
