import TestSupport
import Testing

extension FreshServerTests {
    /// Dry runs of the shipped graph.
    @Suite struct DryRunOfAllTests {
        @Test func `a dry run says what would be created and writes nothing anywhere`() async throws {
            try await TestCluster.withFresh { cluster in
                let node = try ShippedRun.node("node", of: cluster)
                let before = try await cluster.versions()
                let result = try await node.run("run", "--role", "control-plane", "--dry-run")
                #expect(result.status == 0)
                #expect(result.errors == "")
                let last = try #require(result.outputLines.last)
                #expect(last.wholeMatch(of: /(\d+) tasks: \1 would change/) != nil, "\(result.output)")
                for line in [
                    "generate-kubeconfig: /etc/kubernetes/cluster-admin.kubeconfig would be created",
                    "setup-calico-ipam: /opt/cni/bin/calico-ipam would be created",
                    "calico-crds: CustomResourceDefinition/ippools.crd.projectcalico.org would be created",
                    "calico-ip-pool: IPPool/default-ipv4-ippool would be created",
                    "coredns: Deployment/kube-system/coredns would be created",
                ] { #expect(result.outputLines.contains(line), "\(result.output)") }
                #expect(try await cluster.versions() == before)
                #expect(try Files.list(node.root) == [])
            }
        }
    }
}

/// Dry runs of tasks that have been run before.
@Suite(.needsAPIServer, .temporaryDirectory, .timeLimit(.minutes(15)))
struct DryRunTests {
    private func node(_ cluster: TestCluster, _ namespace: String, options: String = "") throws -> TestNode {
        let node = try TestNode(
            "tasks: {t: {apply: {kubeconfig: \(cluster.kubeconfig), manifests: [m.yaml]\(options)}}}\n"
        )
        try node.write(
            """
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: m, namespace: \(namespace)}
            data:
              a: ours
              b: ours
            ---
            apiVersion: v1
            kind: Secret
            metadata: {name: s, namespace: \(namespace)}
            stringData: {password: hunter2}
            """,
            to: "m.yaml",
        )
        return node
    }

    @Test func `what was changed by hand is named field by field, and stays as it is`() async throws {
        let cluster = try await TestCluster.shared(namespace: "by-hand")
        let node = try node(cluster, "by-hand", options: ", conflicts: force")
        #expect(try await node.run("run").status == 0)
        let patch = #"{"data":{"a":"by hand","c":"new"}}"#
        _ = try await cluster.kubectl("patch", "configmap", "m", "-n", "by-hand", "-p", patch)
        let secret = #"{"stringData":{"password":"letmein"}}"#
        _ = try await cluster.kubectl("patch", "secret", "s", "-n", "by-hand", "-p", secret)
        let before = try await cluster.object("configmap", "m", namespace: "by-hand")
        let result = try await node.run("run", "--dry-run")
        #expect(result.status == 0)
        for part in [
            "t: ConfigMap/by-hand/m would be configured\n", "    -  a: by hand\n    +  a: ours\n       b: ours\n",
            "t: Secret/by-hand/s would be configured\n",
            "    -  password: \"*** (before)\"\n    +  password: \"*** (after)\"\n",
        ] { #expect(result.output.contains(part), "\(result.output)") }
        #expect(result.outputLines.suffix(2) == ["t: 2 objects would be changed", "1 task: 1 would change"])
        #expect(!result.output.contains("letmein") && !result.output.contains("bGV0bWVpbg"))
        let compared = try await node.run("diff")
        #expect(compared.status == 1)
        #expect(compared.output.contains("--- ConfigMap/by-hand/m\n+++ ConfigMap/by-hand/m (task 't')\n"))
        let after = try await cluster.object("configmap", "m", namespace: "by-hand")
        #expect(after == before)
        let json = try await node.run("run", "--dry-run", "--output", "json")
        let fields = try json.events("object").first { $0["object"]?.string == "ConfigMap/by-hand/m" }?["fields"]
        #expect(fields?.sequence?.compactMap(\.string) == [#"data.a: "by hand" -> "ours""#])
    }

    @Test func `a conflict is planned as it would be met`() async throws {
        let cluster = try await TestCluster.shared(namespace: "planned")
        let node = try node(cluster, "planned")
        #expect(try await node.run("run").status == 0)
        let patch = #"{"data":{"a":"by hand"}}"#
        _ = try await cluster.kubectl("patch", "configmap", "m", "-n", "planned", "-p", patch)
        let dry = try await node.run("run", "--dry-run")
        let real = try await node.run("run")
        #expect(dry.status == 1)
        #expect(dry.errors.contains(":5:3: ConfigMap/planned/m: field 'data.a' is owned by 'kubectl-patch'"))
        #expect(dry.errors == real.errors)
    }
}

/// Objects that someone else changes after the agent has applied them.
@Suite(.needsAPIServer, .temporaryDirectory, .timeLimit(.minutes(15)))
struct DriftTests {
    /// Makes a node with one task, called `t`.
    private func node(
        _ name: String,
        _ manifest: String,
        _ cluster: TestCluster,
        options: String = ""
    ) throws -> TestNode {
        let directory = TemporaryDirectory.file(name)
        let tasks = "tasks: {t: {apply: {kubeconfig: \(cluster.kubeconfig), manifests: [m.yaml]\(options)}}}\n"
        let node = try TestNode(tasks, in: directory)
        try node.write(manifest, to: "m.yaml")
        return node
    }

    private func map(_ namespace: String, _ data: String) -> String {
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m, namespace: \(namespace)}\ndata: \(data)\n"
    }

    @Test func `a workload that was scaled by hand is reported if the server records it, and otherwise restored`()
        async throws
    {
        let cluster = try await TestCluster.shared(namespace: "scaled")
        let manifest = """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: d, namespace: scaled}
            spec:
              replicas: 1
              paused: true
              selector: {matchLabels: {a: b}}
              template:
                metadata: {labels: {a: b}}
                spec: {containers: [{name: c, image: x}]}
            """
        let node = try node("n", manifest, cluster)
        #expect(try await node.run("run").status == 0)
        try await cluster.mustRunKubectl("scale", "deployment/d", "-n", "scaled", "--replicas=3")
        let result = try await node.run("run")
        if try await cluster.isAtLeast(minor: 22) {
            #expect(result.status == 1)
            let line = "m.yaml:5:3: Deployment/scaled/d: field 'spec.replicas' is owned by 'kubectl'"
            #expect(result.errors.contains(line), "\(result.errors)")
            #expect(
                result.errors.contains("3 on the server, 1 here; take it with 'apply: {conflicts: force}'"),
                "\(result.errors)"
            )
        } else {
            #expect(result.status == 0, "\(result.errors)")
        }
        let forcing = try self.node("forcing", manifest, cluster, options: ", conflicts: force")
        #expect(try await forcing.run("run").status == 0)
        #expect(try await cluster.object("deployment", "d", namespace: "scaled")["spec"]?["replicas"]?.integer == 1)
    }

    @Test func `another node's manifest of the same object wins, and every change is named`() async throws {
        let cluster = try await TestCluster.shared(namespace: "two-nodes")
        let one = try node("one", map("two-nodes", "{a: '1', b: '2'}"), cluster)
        let other = try node("other", map("two-nodes", "{a: '9'}"), cluster)
        #expect(try await one.run("run").status == 0)
        for (node, data) in [(other, "{a: '9'}"), (one, "{a: '1', b: '2'}")] {
            let result = try await node.run("run")
            #expect(result.status == 0, "\(result.errors)")
            #expect(result.outputLines.contains("t: ConfigMap/two-nodes/m configured"))
            #expect(result.outputLines.contains("t:     data.a") && result.outputLines.contains("t:     data.b"))
            let live = try await cluster.object("configmap", "m", namespace: "two-nodes")
            #expect(live["data"] == (try await data.yamlDocuments().first))
        }
    }
}
