import Base
import Host
import TestSupport
import Testing

/// The rights that tasks with `lock: cluster` need.
extension ClusterLockTests {
    @Test func `the rights that rbac prints are enough, and without them the message has the rule`() async throws {
        let cluster = try await TestCluster.shared.value
        try await cluster.makeCertificate("locker", subject: "/CN=locker")
        let kubeconfig = TemporaryDirectory.file("locker.kubeconfig")
        let text = try ShippedRun.text(of: cluster.nobodyKubeconfig).replacing("nobody", with: "locker")
        try FileSystem.write(Array(text.utf8), to: kubeconfig, mode: 0o600)
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
        let other = ["--kubeconfig", kubeconfig, "get", "lease", "-n", "kube-system", "other"]
        #expect(try await cluster.kubectl(other).errors.contains("orbidden"))
    }

    @Test func `rbac needs no kubeconfig to know the rights of a lock`() async throws {
        let node = try TestNode(
            """
            tasks:
              admin: {kubeconfig: {path: /etc/admin.conf, user: u, certificate: c, key: k, certificateAuthority: ca,
                server: "https://localhost:1"}}
              t: {after: [admin], lock: cluster, exec: {command: ls}}
            """
        )
        let roles = try await node.run("rbac")
        #expect(roles.status == 0)
        #expect(roles.errors == "")
        #expect(roles.output.contains("nest-bootstrap-t"), "\(roles.output)")
    }
}
