import Glibc
import TestSupport
import Testing

/// `prune` under interruptions, and with few rights.
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
            #expect(try await set.members() == ["ConfigMap/killed/always", "ConfigMap/killed/last"])
            requestCount += 1
        }
        // The key of the node, two objects that are created, and two that are deleted; the one that stays is only read.
        #expect(requestCount > 5)
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
        #expect(try await set.node.run("run").status == 0)
        try set.write(["a"])
        let refused = try await set.node.run("run")
        #expect(refused.status == 1)
        #expect(refused.errors.contains("ConfigMap/least/b: user 'pruner'"), "\(refused.errors)")
        #expect(refused.errors.contains(#"resources: ["configmaps"], verbs: ["get", "delete"]"#))
        let roles = try await set.node.run("rbac", "--user", "pruner")
        try await cluster.mustApply(roles.output)
        let result = try await set.node.run("run")
        #expect(result.status == 0, "\(result.errors)")
        #expect(try await set.names() == ["a"])
    }
}
