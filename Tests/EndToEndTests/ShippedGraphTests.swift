import TestSupport
import Testing

extension FreshServerTests {
    /// The shipped task file on a fresh server.
    @Suite struct ShippedGraphTests {
        @Test func `the first run changes something in every task, the second moves no version`() async throws {
            let run = try await ShippedRun.shared.value
            #expect(run.first.status == 0)
            #expect(run.first.errors == "")
            let end = try #require(run.first.outputLines.last)
            #expect(end.wholeMatch(of: /(\d+) tasks: \1 changed/) != nil, "\(run.first.output)")
            let before = try await run.cluster.versions()
            // A write that changes nothing may still count when the clock's second has changed.
            let start = secondsSince1970()
            #expect(try await becomes { secondsSince1970() > start + 1 })
            let second = try await run.node.run("run", "--role", "control-plane")
            #expect(second.status == 0)
            #expect(second.errors == "")
            let last = try #require(second.outputLines.last)
            #expect(last.wholeMatch(of: /(\d+) tasks: \1 unchanged/) != nil, "\(second.output)")
            // Kubernetes 1.20 drops fields of a definition, so every run applies it again.
            let isOld = try await !run.cluster.isAtLeast(minor: 22)
            let moved = Set(try await run.cluster.versions()).symmetricDifference(before)
            #expect(moved.allSatisfy { isOld && $0.contains(" adminnetworkpolicies.policy.") }, "\(moved)")
        }

        @Test func `the admin lists nodes, the CNI plugin IP pools, and it may not read secrets`() async throws {
            let run = try await ShippedRun.shared.value
            let admin = run.node.written("/etc/kubernetes/cluster-admin.kubeconfig")
            let nodes = try await run.cluster.kubectl("--kubeconfig", admin, "get", "nodes", "-o", "name")
            #expect(nodes.output == "node/ducksnest-controlplane\n")
            let cni = run.node.written("/var/lib/cni/net.d/calico-kubeconfig")
            let pools = "ippools.crd.projectcalico.org"
            let listed = try await run.cluster.kubectl("--kubeconfig", cni, "get", pools, "-o", "name")
            #expect(listed.outputLines.count == 1, "\(listed.errors)")
            let secrets = try await run.cluster.kubectl("--kubeconfig", cni, "get", "secrets", "-n", "kube-system")
            #expect(secrets.status == 1)
            #expect(secrets.errors.contains(#"User "calico-cni" cannot list resource "secrets""#))
        }

        @Test func `every file has its mode, and the link its target`() async throws {
            let run = try await ShippedRun.shared.value
            for (path, mode) in [
                ("/etc/kubernetes/cluster-admin.kubeconfig", 0o600), ("/etc/kubernetes/pki/kube-proxy.key", 0o600),
                ("/etc/kubernetes/pki/kube-proxy.crt", 0o644), ("/var/lib/cni/net.d/10-calico.conflist", 0o644),
            ] as [(String, UInt32)] {
                let status = try #require(try Files.status(run.node.written(path)))
                #expect(status.kind == .regular)
                #expect(String(status.mode, radix: 8) == String(mode, radix: 8), "\(path)")
            }
            let link = try Files.status(run.node.written("/opt/cni/bin/calico-ipam"))
            #expect(link?.target == "/run/current-system/sw/bin/calico")
        }

        @Test func `the status of all tasks is success`() async throws {
            let run = try await ShippedRun.shared.value
            let table = try await run.node.run("status", "--role", "control-plane")
            #expect(table.status == 0)
            let text = try await run.node.run("status", "--role", "control-plane", "--output", "json")
            let tasks = try #require(try text.output.json["tasks"]?.sequence)
            #expect(table.output.hasPrefix("\(tasks.count) tasks: all succeeded, since "), "\(table.output)")
            #expect(tasks.allSatisfy { ["changed", "unchanged"].contains($0["state"]?.string) })
            let one = try await run.node.run("status", "--role", "control-plane", "coredns")
            #expect(one.output.contains("/kube-admin.crt "), "\(one.output)")
        }

        @Test func `a worker has its files and writes nothing to the server`() async throws {
            let run = try await ShippedRun.shared.value
            let worker = try ShippedRun.node("worker", of: run.cluster)
            let before = try await run.cluster.versions()
            let result = try await worker.run("run", environment: ["NEST_ROLE": "worker"])
            #expect(result.status == 0)
            #expect(result.errors == "")
            let last = try #require(result.outputLines.last)
            #expect(last.wholeMatch(of: /(\d+) tasks: \1 changed/) != nil, "\(result.output)")
            #expect(try Files.exists(worker.written("/var/lib/cni/net.d/calico-kubeconfig")))
            #expect(try Files.exists(worker.written("/etc/kubernetes/cluster-admin.kubeconfig")) == false)
            #expect(try await run.cluster.versions() == before)
        }

        @Test func `a task alone names what it lacks, and brings it with its dependencies`() async throws {
            let run = try await ShippedRun.shared.value
            let node = try ShippedRun.node("fresh", of: run.cluster)
            let alone = try await node.run("run", "--role", "control-plane", "--task", "calico-ip-pool")
            #expect(alone.status == 75)
            #expect(alone.output == "")
            #expect(alone.errors.contains("task 'calico-ip-pool' runs after 'calico-crds', which has not run"))
            let words = ["run", "--role", "control-plane", "--task", "calico-ip-pool", "--with-dependencies"]
            let all = await (try node.start(words)).result()
            #expect(all.status == 0, "\(all.errors)")
            let again = try await node.run("run", "--role", "control-plane", "--task", "calico-ip-pool")
            #expect(again.status == 0)
            #expect(again.outputLines.last == "1 task: 1 unchanged")
            let status = try await node.run("status", "--role", "control-plane")
            #expect(status.status == 3)
        }
    }
}

/// Values that two shipped files repeat.
@Suite(.timeLimit(.minutes(15)))
struct ShippedContentTests {
    @Test func `the MTU is the same in the task file and in the CNI configuration`() async throws {
        let conflist = try Files.text("\(TestCluster.sourceRoot)/calico/10-calico.conflist").json
        let mtu = try #require(try await ShippedRun.variables["mtu"]?.integer)
        #expect(conflist["plugins"]?[0]?["mtu"]?.integer == mtu)
    }
}

extension FreshServerTests {
    /// The shipped task file as a user who has nothing but the roles that `rbac` prints.
    @Suite struct LeastPrivilegeTests {
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
