import TestSupport
import Testing

extension FreshServerTests {
    /// The shipped task file as a user who has nothing but the roles that `rbac` prints.
    @Suite(.tags(.everyServer)) struct LeastPrivilegeTests {
        @Test func `the shipped task file succeeds with the role that rbac prints, and it deletes nothing`()
            async throws
        {
            try await TestCluster.withFresh { cluster in
                try await cluster.mustApply(
                    try Files.text("\(TestCluster.sourceRoot)/Tests/cluster/node.yaml")
                )
                try await cluster.makeCertificate("agent", subject: "/CN=nest-bootstrap")
                let node = try ShippedRun.node("least", of: cluster)
                try node.write(Self.agentKubeconfig, to: "bootstrap.d/60-agent.yaml")
                let kubeconfig = node.written("/etc/kubernetes/cluster-admin.kubeconfig")

                let refused = try await node.run("run", "--role", "control-plane")
                #expect(refused.status == 1)
                #expect(refused.errors.contains("user 'nest-bootstrap' "), "\(refused.errors)")

                let roles = try await node.run("rbac", "--role", "control-plane")
                #expect(roles.status == 0)
                #expect(roles.errors == "")
                try await cluster.mustApply(roles.output)
                let first = try await node.run("run", "--role", "control-plane")
                #expect(first.status == 0, "\(first.errors)")
                let second = try await node.run("run", "--role", "control-plane")
                #expect(second.outputLines.last?.wholeMatch(of: /(\d+) tasks: \1 unchanged/) != nil, "\(second.output)")

                let deletion = ["delete", "daemonset", "kube-proxy", "-n", "kube-system"]
                let result = try await cluster.kubectl(["--kubeconfig", kubeconfig] + deletion)
                #expect(result.status == 1 && result.errors.contains("orbidden"), "\(result.errors)")
            }
        }

        private static let agentKubeconfig = """
            tasks:
              generate-kubeconfig:
                roles: [control-plane]
                kubeconfig:
                  path: ${adminKubeconfig}
                  user: nest-bootstrap
                  certificate: ${credentials}/agent.crt
                  key: ${credentials}/agent.key
            """
    }
}
