import Glibc
import TestSupport
import Testing

/// `prune` under interruptions, with few rights, with many objects, and beside kubectl.
@Suite(.needsAPIServer, .temporaryDirectory, .timeLimit(.minutes(15)))
struct PruneSafetyTests {
    @Test func `killed before any of its requests, it neither forgets an object nor deletes one that is wanted`()
        async throws
    {
        let set = try await PrunedSet("killed", kubeconfig: TemporaryDirectory.file("killed.kubeconfig"))
        let server = try await KubectlProxy(to: set.cluster)
        let port = server.port
        try await set.cluster.mustApply(PrunedSet.definition("Killed"))
        try set.write(["always"])
        try set.useServer(port)
        #expect(try await set.node.run("run").status == 0)
        let uid = try await set.cluster.object("configmap", "always", namespace: "killed")["metadata"]?["uid"]
        let widget = "{apiVersion: prune.test/v1, kind: Killed, metadata: {name: w, namespace: killed}}"
        let service =
            "{apiVersion: v1, kind: Service, metadata: {name: s, namespace: killed}, spec: {ports: [{port: 1, protocol: TCP}]}}"
        var requestCount = 0
        var isFinished = false
        while !isFinished {
            try set.write(["always", "r"], more: widget)
            try set.useServer(port)
            #expect(try await set.node.run("run").status == 0)

            try set.write(["always", "s"], more: service)
            let proxy = try LoopbackProxy(to: port)
            proxy.silenceConnections(afterChanges: requestCount)
            try set.useServer(proxy.port)
            let tool = try set.node.start(["run"])
            try #require(try await becomes { proxy.isSilent || tool.outputSoFar().contains("1 task: ") })
            isFinished = !proxy.isSilent
            if !isFinished { tool.signal(SIGKILL) }
            #expect(await tool.result().status == (isFinished ? 0 : 128 + SIGKILL))

            try set.write(["always", "last"])
            try set.useServer(port)
            let result = try await set.node.run("run")
            #expect(result.status == 0, "\(result.errors)")
            #expect(try await set.names() == ["always", "last"], "killed before change \(requestCount + 1)")
            for kind in ["killeds.prune.test", "services"] {
                let left = try await set.cluster.kubectl("get", kind, "-n", "killed", "-o", "name").output
                #expect(left == "", "killed before change \(requestCount + 1)")
            }
            #expect(try await set.cluster.object("configmap", "always", namespace: "killed")["metadata"]?["uid"] == uid)
            #expect(try await set.annotation("contains-group-kinds") == "ConfigMap")
            requestCount += 1
        }
        // The parent three times, two objects that are created, and two that are deleted; the one that stays is only read.
        #expect(requestCount > 7)
    }

    @Test func `the roles that rbac prints are enough, and without them the rule is printed`() async throws {
        let cluster = try await TestCluster.shared.value
        try await cluster.makeCertificate("pruner", subject: "/CN=pruner")
        let kubeconfig = TemporaryDirectory.file("pruner.kubeconfig")
        try Files.write(try Files.read(cluster.kubeconfig), to: kubeconfig, mode: 0o600)
        let files = [
            "--client-certificate=\(cluster.credentials)/pruner.crt", "--client-key=\(cluster.credentials)/pruner.key",
        ]
        for change in [["set-credentials", "pruner"] + files, ["set-context", "--current", "--user=pruner"]] {
            #expect(try await cluster.kubectl(["--kubeconfig", kubeconfig, "config"] + change).status == 0)
        }
        let set = try await PrunedSet("least", kubeconfig: kubeconfig)
        try set.writeTask("prune: false")
        try set.write(["a", "b"])
        let without = try await set.node.run("rbac", "--user", "pruner")
        #expect(without.status == 0, "\(without.errors)")
        try await cluster.mustApply(without.output)
        try set.writeTask("prune: true")
        let refused = try await set.node.run("run")
        #expect(refused.status == 1)
        #expect(refused.errors.contains("user 'pruner'"), "\(refused.errors)")
        #expect(refused.errors.contains(#"resources: ["configmaps"], verbs: ["list", "get", "delete"]"#))
        let roles = try await set.node.run("rbac", "--user", "pruner")
        try await cluster.mustApply(roles.output)
        #expect(try await set.node.run("run").status == 0)
        try set.write(["a"])
        let result = try await set.node.run("run")
        #expect(result.status == 0, "\(result.errors)")
        #expect(try await set.names() == ["a"])
        // A kind for which there is no role.
        let kinds = "applyset.kubernetes.io/contains-group-kinds=ConfigMap,Secret"
        let parent = ["configmap", "nest-bootstrap-least", "-n", "kube-system"]
        try await cluster.mustRunKubectl(["annotate"] + parent + ["--overwrite", kinds])
        let unlisted = try await set.node.run("run")
        #expect(unlisted.status == 1)
        #expect(unlisted.errors.contains("/*: user 'pruner'"), "\(unlisted.errors)")
        #expect(unlisted.errors.contains(#"resources: ["secrets"], verbs: ["list", "get", "delete"]"#))
    }

    /// Whether kubectl has ApplySets, as since 1.27.
    static func kubectlHasApplySets() async -> Bool {
        let help = try? await Tool.run("kubectl", ["apply", "--help"], environment: ["KUBECTL_APPLYSET": "true"])
        return help?.output.contains("--applyset") == true
    }

    @Test(.enabled("kubectl has no ApplySets", { await kubectlHasApplySets() }))
    func `kubectl and the agent refuse each other's sets until these are handed over`() async throws {
        let set = try await PrunedSet("shared-set")
        let parent = "configmap/nest-bootstrap-shared-set"
        let map = { (name: String) in
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: \(name), namespace: kube-system}}"
        }
        let kubectl = { (names: [String]) async throws in
            try await Tool.run(
                "kubectl",
                [
                    "apply", "--server-side", "--force-conflicts", "--prune",
                    "--applyset=configmaps/nest-bootstrap-shared-set",
                    "-n", "kube-system", "-f", "-",
                ],
                environment: ["KUBECONFIG": set.cluster.kubeconfig, "KUBECTL_APPLYSET": "true"],
                input: "---\n" + names.map(map).joined(separator: "\n---\n") + "\n",
            )
        }
        let exists = { (name: String) async throws in
            try await set.cluster.kubectl("get", "configmap", name, "-n", "kube-system").status == 0
        }
        let handOver = { (tooling: String) async throws in
            let arguments = ["annotate", parent, "-n", "kube-system", "--overwrite"]
            try await set.cluster.mustRunKubectl(arguments + ["applyset.kubernetes.io/tooling=\(tooling)"])
        }
        try set.write(["elsewhere"], more: map("shared-a"), map("shared-b"))
        #expect(try await set.node.run("run").status == 0)
        let refused = try await kubectl(["shared-a"])
        #expect(refused.status == 1)
        #expect(refused.errors.contains(#"managed by tooling "nest-bootstrap""#), "\(refused.errors)")
        #expect(try await exists("shared-b"))

        try await handOver("kubectl/v1.27")
        let taken = try await kubectl(["shared-a", "shared-c"])
        #expect(taken.status == 0, "\(taken.errors)")
        #expect(taken.output.contains("configmap/shared-b pruned"), "\(taken.output)")
        #expect(try await !exists("shared-b"))
        #expect(try await set.names() == [])
        let other = try await set.node.run("run")
        #expect(other.status == 1)
        #expect(other.errors.contains("its ApplySet is managed by 'kubectl/v"), "\(other.errors)")

        try await handOver("nest-bootstrap/v1")
        try set.write([], more: map("shared-d"))
        let back = try await set.node.run("run")
        #expect(back.status == 0, "\(back.errors)")
        // kubectl finds the set as it expects it, also after the agent has written the parent.
        try await handOver("kubectl/v1.27")
        let last = try await kubectl(["shared-a"])
        #expect(last.status == 0, "\(last.errors)")
        #expect(try await !exists("shared-c"))
        #expect(try await !exists("shared-d"))
    }
}
