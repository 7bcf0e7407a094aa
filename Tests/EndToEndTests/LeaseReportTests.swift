import TestSupport
import Testing

/// Reports of nodes without a Node, such as control planes on which no kubelet runs.
@Suite(.needsAPIServer, .serialized, .enabled(if: TestProcess.isRoot, "only root can mount"), .timeLimit(.minutes(30)))
struct LeaseReportTests {
    /// The line of a node in `status --all-nodes`, without its age.
    private func line(_ node: String, on cluster: TestCluster) async throws -> String {
        let text = "nodes: {w1: {role: cp}}\ntasks: {}\n"
        let admin = try TestNode(text, in: "\(cluster.directory)/admin")
        let status = try await admin.run("status", "--all-nodes", "--kubeconfig", cluster.kubeconfig)
        #expect(status.errors == "")
        let line = status.outputLines.first { $0.hasPrefix("\(node) ") } ?? status.output
        return line.replacing(#/ +/#, with: " ").replacing(#/ (\d+ s|\d+m \d+s|\d+h \d+m) /#, with: " AGE ")
    }

    @Test func `a node without a Node reports in its Lease, until a kubelet has registered it`() async throws {
        try await TestCluster.withFresh(options: ReportTests.options) { cluster in
            let reporting = try await ReportingNode("w1", on: cluster)
            /// Runs the tasks; a run gives up a report that takes longer than 5 s, as on a busy machine.
            func run(_ expected: Int32) async throws {
                let isReported = try await becomes {
                    let run = try await reporting.node.runWithoutRoot("run")
                    #expect(run.status == expected)
                    return !run.errors.contains("cannot report")
                }
                #expect(isReported)
            }
            #expect(try await line("w1", on: cluster) == "w1 missing cp")
            try await run(1)
            #expect(try await line("w1", on: cluster) == "w1 failed AGE no Node cp TasksFailed")
            let failed = try #require(try await cluster.leaseReport("w1"))
            #expect(failed["nest-bootstrap/status"]?.string == "False")
            #expect(failed["nest-bootstrap/message"]?.string?.hasPrefix("1 of 3 tasks failed: 'flaky'") == true)
            #expect(try await cluster.events(of: "w1").first?.hasPrefix("BootstrapTaskFailed x") == true)
            #expect(try await !reporting.node.runWithoutRoot("status").output.contains("report"))

            try reporting.heal()
            try await run(0)
            #expect(try await line("w1", on: cluster) == "w1 ready AGE no Node cp TasksSucceeded")

            // A kubelet that starts later writes the heartbeat, and nothing else.
            let lease = ["lease", "-n", "kube-node-lease", "w1"]
            let heartbeat = #"{"spec":{"renewTime":"2026-01-02T03:04:05.000000Z"}}"#
            let before = try await cluster.kubectl(["get"] + lease + ["-o", "jsonpath={.spec}"])
            #expect(try before.output.json["holderIdentity"]?.string == "w1")
            #expect(try before.output.json["renewTime"]?.string?.contains(/:\d\d\.\d{6}Z$/) == true)
            let kubelet = ["--kubeconfig", reporting.node.path("kubelet.conf")]
            try await cluster.mustRunKubectl(kubelet + ["patch"] + lease + ["--type=merge", "-p", heartbeat])
            #expect(try await line("w1", on: cluster) == "w1 ready AGE no Node cp TasksSucceeded")

            // Without a heartbeat, the age of the report says whether the machine is on.
            let old = "nest-bootstrap/written-at=2026-01-02T03:04:05Z"
            try await cluster.mustRunKubectl(["annotate", "--overwrite"] + lease + [old])
            #expect(try await line("w1", on: cluster).hasPrefix("w1 stale AGE no Node cp"))
            try await run(0)
            #expect(try await line("w1", on: cluster) == "w1 ready AGE no Node cp TasksSucceeded")

            try await cluster.createNodes(["w1"])
            #expect(try await line("w1", on: cluster) == "w1 not reported cp")
            try await run(0)
            #expect(try await line("w1", on: cluster) == "w1 ready AGE cp TasksSucceeded")
        }
    }

    @Test func `a user of its own needs only the roles that rbac prints`() async throws {
        try await TestCluster.withFresh(options: ReportTests.options) { cluster in
            try await cluster.makeCertificate("agent", subject: "/CN=nest-bootstrap")
            let node = try TestNode(
                "cluster: {report: {kubeconfig: agent.conf, node: w1}}\ntasks: {}\n",
                in: "\(cluster.directory)/agent"
            )
            try node.write(ReportingNode.kubeconfig(of: "agent", on: cluster), to: "agent.conf", mode: 0o600)
            try await cluster.mustApply(try await node.run("rbac").output)
            // On a slow machine the server learns of the roles later.
            let isReported = try await becomes {
                _ = try await node.runWithoutRoot("run")
                return try await cluster.leaseReport("w1") != nil
            }
            #expect(isReported)
            let agent = ["--kubeconfig", node.path("agent.conf")]
            for command in [["delete", "lease", "-n", "kube-node-lease", "w1"], ["get", "leases", "-A"]] {
                let refused = try await cluster.kubectl(agent + command)
                #expect(refused.errors.contains("orbidden"), "\(refused.errors)")
            }
        }
    }

    @Test func `a user that may read only Nodes gets these and a warning`() async throws {
        try await TestCluster.withFresh(options: ReportTests.options) { cluster in
            try await cluster.createNodes(["w1"])
            try await cluster.makeCertificate("viewer", subject: "/CN=viewer")
            try await cluster.mustRunKubectl("create", "clusterrole", "viewer", "--verb=list", "--resource=nodes")
            let binding = ["create", "clusterrolebinding", "viewer", "--clusterrole=viewer", "--user=viewer"]
            try await cluster.mustRunKubectl(binding)
            let node = try TestNode("tasks: {}\n", in: "\(cluster.directory)/viewer")
            try node.write(ReportingNode.kubeconfig(of: "viewer", on: cluster), to: "viewer.conf", mode: 0o600)
            var status: ToolResult?
            let isAllowed = try await becomes {
                status = try await node.run("status", "--all-nodes", "--kubeconfig", node.path("viewer.conf"))
                return status?.status == 3
            }
            #expect(isAllowed)
            #expect(status?.output.contains("\nw1 ") == true, "\(String(describing: status))")
            #expect(
                status?.errors.hasPrefix("warning: cannot read the reports of nodes without a kubelet: ") == true,
                "\(String(describing: status))"
            )
        }
    }
}
