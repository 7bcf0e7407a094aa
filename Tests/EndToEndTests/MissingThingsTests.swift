import TestSupport
import Testing

/// Reports about missing kinds, namespaces and permissions.
@Suite(.tags(.everyServer), .needsAPIServer, .temporaryDirectory, .timeLimit(.minutes(30)))
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
        "forbidden": """
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: conf
          namespace: missing-things
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
            let kubeconfig = name == "forbidden" ? cluster.nobodyKubeconfig : cluster.kubeconfig
            return "  \(name): {apply: {kubeconfig: \(kubeconfig), manifests: [\(name).yaml]}}\n"
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
        let cluster = try await TestCluster.shared(namespace: "missing-things")
        let node = try node(cluster)
        let result = try await node.run("run")
        #expect(result.status == 1)
        let lines = result.errorLines.map { $0.replacing("\(node.directory)/", with: "").masked }
        let nobody = "user 'nobody' (kubeconfig '\(cluster.nobodyKubeconfig)', user 'nobody', certificate 'CN=nobody')"
        let expected = [
            "lost: error: lost.yaml:5:14: ConfigMap/nosuch/lost: namespace 'nosuch' does not exist; "
                + "no task of this node provides it; apply a manifest of the Namespace before it, "
                + "or correct 'metadata.namespace'",
            "early: error: early.yaml:6:14: ConfigMap/missing-later/early: namespace 'missing-later' does not exist; "
                + "task 'brings' provides it (later.yaml:1:1); write 'after: [brings]' in task 'early'",
            "widget: error: widget.yaml:1:13: Widget/w: the server has no kind 'Widget' in 'example.test/v1'; "
                + "no task of this node provides it; apply the CustomResourceDefinition that defines it first",
            "gadget: error: gadget.yaml:1:13: Gadget/g: the server has no kind 'Gadget' in 'example.test/v1'; "
                + "task 'brings' provides it (later.yaml:5:1); write 'after: [brings]' in task 'gadget'",
            "old-version: error: old-version.yaml:1:13: Deployment/d: the server has no kind 'Deployment' in "
                + "'apps/v1beta7'; "
                + "write 'apiVersion: apps/v1'",
            "forbidden: error: forbidden.yaml:1:1: ConfigMap/missing-things/conf: \(nobody) may not get configmaps "
                + "in namespace 'missing-things'; add to a Role in namespace 'missing-things' bound to this user: "
                + #"- {apiGroups: [""], resources: ["configmaps"], verbs: ["get", "create", "patch"]}"#,
        ]
        for line in expected { #expect(lines.contains(line), "\(lines.joined(separator: "\n"))") }
        #expect(result.outputLines.contains("brings: skipped: 'gate' did not succeed"))
        for name in ["lost", "widget", "forbidden"] {
            var ours = result
            ours.errors = result.errorLines.filter { $0.hasPrefix("\(name): ") }.joined(separator: "\n")
            let kubeconfig = name == "forbidden" ? cluster.nobodyKubeconfig : cluster.kubeconfig
            let theirs = try await cluster.kubectl(
                "--kubeconfig",
                kubeconfig,
                "apply",
                "--server-side",
                "-f",
                node.path("\(name).yaml"),
            )
            show(["lost": "namespace missing", "widget": "CRD missing"][name] ?? name, ours: ours, kubectl: theirs)
        }
    }

    @Test func `a namespace that is created later is waited for`() async throws {
        let cluster = try await TestCluster.shared.value
        var result = try await resultOfLateNamespace("missing-soon-0", cluster)
        // A machine may be too busy to create it before the task gives up: what is missing is waited for only for a while.
        for number in 1...2 where result.errors.contains("namespace 'missing-soon-\(number - 1)' does not exist") {
            result = try await resultOfLateNamespace("missing-soon-\(number)", cluster)
        }
        #expect(result.status == 0, "\(result.errors)")
        let created = /early: ConfigMap\/missing-soon-[0-9]+\/m created/
        #expect(result.outputLines.contains { $0.wholeMatch(of: created) != nil }, "\(result.output)")
    }

    /// Applies an object in a namespace that is created when the run waits for it.
    private func resultOfLateNamespace(_ name: String, _ cluster: TestCluster) async throws -> ToolResult {
        // A task that the plan has, and that runs too late, may create it.
        let apply = "apply: {kubeconfig: \(cluster.kubeconfig), manifests"
        let node = try TestNode(
            """
            tasks:
              early: {timeout: 10m, \(apply): [m.yaml]}}
              late: {after: [early], \(apply): [n.yaml]}}
            """
        )
        let namespace = "{apiVersion: v1, kind: Namespace, metadata: {name: \(name)}}"
        try node.write(namespace, to: "n.yaml")
        try node.write("{apiVersion: v1, kind: ConfigMap, metadata: {name: m, namespace: \(name)}}", to: "m.yaml")
        let tool = try node.start(["run"])
        let waits =
            #"early: waiting: ConfigMap/\#(name)/m: the server answered 404: "#
            + #"namespaces "\#(name)" not found (gives up at NOW)"#
        #expect(try await becomes { tool.outputSoFar().masked.contains(waits) })
        // On a busy machine kubectl takes longer to start than the task waits.
        let identity = [
            "--cert", "\(cluster.credentials)/kube-admin.crt", "--key", "\(cluster.credentials)/kube-admin.key",
        ]
        let body = #"{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "\#(name)"}}"#
        let request = [
            "--header", "Content-Type: application/json", "--data", body, "\(cluster.server)/api/v1/namespaces",
        ]
        let arguments =
            ["--silent", "--show-error", "--fail", "--cacert", cluster.certificateAuthority] + identity + request
        let created = try await Tool.run("curl", arguments)
        #expect(created.status == 0, "\(created.errors)")
        return await tool.result()
    }
}
