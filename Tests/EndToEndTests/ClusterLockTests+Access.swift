import Glibc
import TestSupport
import Testing

/// Other tasks beside those with `lock: cluster`, and the rights that these need.
extension ClusterLockTests {
    @Test func `programs without a lock run while many tasks wait for their Leases`() async throws {
        let cluster = try await TestCluster.shared.value
        let names = (1...20).map { "waits-\($0)" }
        try await cluster.mustApply(
            names.map { name in
                """
                apiVersion: coordination.k8s.io/v1
                kind: Lease
                metadata: {name: nest-bootstrap-\(name), namespace: kube-system}
                spec: {holderIdentity: other, leaseDurationSeconds: 3600}

                """
            }.joined(separator: "---\n")
        )
        let waiting = names.map { "  \($0): {lock: {kubeconfig: \(cluster.kubeconfig)}, exec: {command: 'true'}}\n" }
        let node = try TestNode("tasks:\n\(waiting.joined())  works: {exec: {command: 'true'}}\n")
        let agent = try node.start(["run"])
        #expect(try await becomes { agent.outputSoFar().contains("works: changed") })
        agent.signal(SIGTERM)
        #expect(await agent.result().status == 143)
    }

    @Test func `the rights that rbac prints are enough, and without them the message has the rule`() async throws {
        let cluster = try await TestCluster.shared.value
        try await cluster.makeCertificate("locker", subject: "/CN=locker")
        let kubeconfig = TemporaryDirectory.file("locker.kubeconfig")
        let text = try Files.text(cluster.nobodyKubeconfig).replacing("nobody", with: "locker")
        try Files.write(Array(text.utf8), to: kubeconfig, mode: 0o600)
        let node = try node("one", task: "rights", kubeconfig)
        let refused = try await node.run("run")
        #expect(refused.status == 1)
        #expect(refused.errors.contains("user 'locker' ("), "\(refused.errors)")
        #expect(
            refused.errors.contains(
                #"{apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["get", "create", "update", "watch"]}"#
            ),
            "\(refused.errors)"
        )
        let roles = try await node.run("rbac", "--user", "locker")
        #expect(roles.status == 0)
        try await cluster.mustApply(roles.output)
        let result = try await node.run("run")
        #expect(result.status == 0, "\(result.errors)")
        let other = ["--kubeconfig", kubeconfig, "get", "secrets", "-n", "kube-system"]
        #expect(try await cluster.kubectl(other).errors.contains("orbidden"))
    }
}
