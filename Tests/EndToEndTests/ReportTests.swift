import TestSupport
import Testing

/// What the cluster knows of its nodes; each test has a server of its own, one after the other.
@Suite(.needsAPIServer, .serialized, .enabled(if: TestProcess.isRoot, "only root can mount"), .timeLimit(.minutes(15)))
struct ReportTests {
    static let options = [
        "--no-controller-manager", "--", "--enable-admission-plugins=NodeRestriction",
    ]

    @Test func `kubectl shows the reports of five nodes of which one fails`() async throws {
        try await TestCluster.withFresh(options: Self.options) { cluster in
            let names = (1...5).map { "w\($0)" }
            try await cluster.createNodes(names)
            for name in names {
                let reporting = try await ReportingNode(name, on: cluster)
                if name != "w4" { try reporting.heal() }
                // A run gives up a report that takes longer than 5 s; on a busy machine it may need several attempts.
                let isReported = try await becomes {
                    let run = try await reporting.node.runWithoutRoot("run")
                    #expect(run.status == (name == "w4" ? 1 : 0))
                    return !run.errors.contains("warning")
                }
                #expect(isReported)
            }
            let described = try await cluster.kubectl("describe", "node", "w4")
            let condition =
                /BootstrapReady +False .* TasksFailed +1 of 3 tasks failed: 'flaky' \(its program exited/
            #expect(described.output.contains(condition))
            let event =
                /Warning +BootstrapTaskFailed +\S+ +nest-bootstrap +task 'flaky' failed: its program exited with code 1/
            #expect(described.output.contains(event))
            // What only root may read stays on the node.
            #expect(!described.output.contains("/go"))
            let fine = try await cluster.kubectl("describe", "node", "w1").output
            #expect(fine.contains(/BootstrapReady +True .* TasksSucceeded +3 of 3 tasks have succeeded/))
            #expect(!fine.contains("BootstrapTask"))

            // The call of docs/task-file/cluster.md.
            try await cluster.createNodes(["other"])
            let column = #".status.conditions[?(@.type=="BootstrapReady")]"#
            let columns = "NODE:.metadata.name,READY:\(column).status,MESSAGE:\(column).message"
            let all = try await cluster.kubectl("get", "nodes", "-o", "custom-columns=\(columns)")
            let lines = all.outputLines.map { $0.replacing(#/ +/#, with: " ") }
            let details = "its program exited with code 1 (only root may see its command line and output)"
            let success = "True 3 of 3 tasks have succeeded"
            #expect(
                lines == [
                    "NODE READY MESSAGE", "other <none> <none>", "w1 \(success)", "w2 \(success)", "w3 \(success)",
                    "w4 False 1 of 3 tasks failed: 'flaky' (\(details))", "w5 \(success)",
                ]
            )
        }
    }

    @Test func `repeats raise the count of one Event, a recovery is another, and nothing is written for nothing`()
        async throws
    {
        try await TestCluster.withFresh(options: Self.options) { cluster in
            try await cluster.createNodes(["w1"])
            let reporting = try await ReportingNode("w1", on: cluster)
            func version() async throws -> String? {
                try await cluster.object("node", "w1")["metadata"]?["resourceVersion"]?.string
            }
            func run() async throws -> Int32 {
                let run = try await reporting.node.runWithoutRoot("run")
                // A run gives up a report that takes longer than 5 s.
                if run.errors.contains("cannot report") {
                    #expect(try await reporting.node.runWithoutRoot("supervise", "--only-report").status == 0)
                }
                return run.status
            }
            for _ in 1...3 { #expect(try await run() == 1) }
            #expect(try await cluster.events(of: "w1") == ["BootstrapTaskFailed x3"])
            let failed = try #require(try await cluster.reported("w1"))
            let before = try await version()
            #expect(try await reporting.node.runWithoutRoot("supervise", "--only-report").status == 0)
            #expect(try await version() == before)
            #expect(try await cluster.events(of: "w1") == ["BootstrapTaskFailed x3"])

            // The server deletes Events after an hour.
            try await cluster.mustRunKubectl("delete", "events", "-n", "default", "--all")
            #expect(try await run() == 1)
            #expect(try await cluster.events(of: "w1") == ["BootstrapTaskFailed x4"])
            let again = try #require(try await cluster.reported("w1"))
            #expect(again["lastTransitionTime"] == failed["lastTransitionTime"])

            try reporting.heal()
            try await ContinuousClock().sleep(for: .seconds(1))
            #expect(try await run() == 0)
            #expect(try await cluster.events(of: "w1") == ["BootstrapTaskFailed x4", "BootstrapTaskRecovered x1"])
            let recovered = try #require(try await cluster.reported("w1"))
            #expect(recovered["status"]?.string == "True")
            #expect(recovered["lastTransitionTime"] != failed["lastTransitionTime"])

            try await expectRenewal(reporting, cluster)
            // A Node that was registered again gets the condition again.
            try await cluster.mustRunKubectl("delete", "node", "w1")
            try await cluster.createNodes(["w1"])
            #expect(try await reporting.node.runWithoutRoot("supervise", "--only-report").status == 0)
            #expect(try await cluster.reported("w1")?["status"]?.string == "True")

            let text = "cluster: {report: {kubeconfig: kubelet.conf}}\ntasks: {secret: {exec: {comand: x}}}\n"
            try reporting.node.write(text, to: "bootstrap.yaml")
            #expect(try await reporting.node.runWithoutRoot("supervise", "--only-report").status == 0)
            let invalid = try #require(try await cluster.reported("w1"))
            #expect(invalid["reason"]?.string == "TaskFileInvalid")
            #expect(invalid["message"]?.string?.contains("bootstrap.yaml:2:25); run") == true, "\(invalid)")
        }
    }

    /// A condition that has not changed is written again after a day, so that readers see a silent node.
    private func expectRenewal(_ reporting: ReportingNode, _ cluster: TestCluster) async throws {
        // Also after a clock was wrong for a moment.
        for days in [-3, 3] {
            let time = utcText(secondsSince1970: secondsSince1970() + days * 24 * 3600)
            let condition = #"{"type":"BootstrapReady","lastHeartbeatTime":"\#(time)"}"#
            let patch = #"{"status":{"conditions":[\#(condition)]}}"#
            try await cluster.mustRunKubectl("patch", "node", "w1", "--subresource=status", "-p", patch)
            #expect(try await cluster.reported("w1")?["lastHeartbeatTime"]?.string == time)
            #expect(try await reporting.node.runWithoutRoot("supervise", "--only-report").status == 0)
            #expect(try await cluster.reported("w1")?["lastHeartbeatTime"]?.string != time, "\(days) days")
        }
    }

    @Test func `a node with a kubelet reports without a key, also that its task file is no YAML`() async throws {
        try await TestCluster.withFresh(options: Self.options) { cluster in
            try await cluster.createNodes(["w1"])
            let reporting = try await ReportingNode("w1", on: cluster)
            let node = reporting.node
            let kubelet = ReportingNode.kubeconfig(of: "kubelet-w1", on: cluster)
            try node.write(kubelet, to: "root/etc/kubernetes/kubelet.conf", mode: 0o600)
            try node.write("tasks: {t: {symlink: {path: /x, target: /etc}}}\n", to: "bootstrap.yaml")
            // A run by hand reports only if the task file asks for it, and below a root never: it makes an image.
            #expect(try await node.run("run").status == 0)
            let named = "cluster: {report: {kubeconfig: /etc/kubernetes/kubelet.conf}}\ntasks: {}\n"
            try node.write(named, to: "image.yaml")
            let image = ["run", "--config", node.path("image.yaml"), "--root", node.root]
            #expect(try await Tool.run(TestNode.program, image).status == 0)
            #expect(try await cluster.reported("w1") == nil)
            #expect(try await node.run("supervise", "--only-report").status == 0)
            #expect(try await cluster.reported("w1")?["reason"]?.string == "TasksSucceeded")
            // Such a file can say nothing, whatever words it has.
            try node.write("tasks: [ # about reports\n", to: "bootstrap.yaml")
            #expect(try await node.run("supervise", "--only-report").status == 0)
            #expect(try await cluster.reported("w1")?["reason"]?.string == "TaskFileInvalid")
        }
    }

    @Test func `a missing right, kubeconfig or server is one warning, one line at its end, and no failure`()
        async throws
    {
        try await TestCluster.withFresh(options: Self.options) { cluster in
            try await cluster.createNodes(["w2"])
            let reporting = try await ReportingNode("w1", on: cluster)
            let node = reporting.node
            try reporting.heal()
            func warning(_ expected: String) async throws {
                let first = try await node.runWithoutRoot("run")
                #expect(first.status == 0)
                #expect(first.errorLines.count == 1, "\(first.errors)")
                #expect(first.errors.contains("warning: cannot report to the cluster: \(expected)"), "\(first.errors)")
                let second = try await node.runWithoutRoot("run")
                #expect(second.status == 0)
                #expect(second.errors == "")
                let status = try await node.runWithoutRoot("status")
                #expect(status.output.contains("cannot report to the cluster: \(expected)"), "\(status.output)")
            }
            /// Forgets that a warning was printed.
            func forget() throws { try Files.remove(node.written("/run/nest-bootstrap/report/report.json")) }
            // The kubelet of one node may not report about another one.
            let kubelet = ReportingNode.kubeconfig(of: "kubelet-w1", on: cluster)
            let named = "cluster: {report: {kubeconfig: kubelet.conf, node: w2}}\n"
            let rest = "variables: {dir: \(node.directory)}\n\(ReportingNode.tasks)"
            try node.write(named + rest, to: "bootstrap.yaml")
            try await warning("API server \(cluster.server) refuses ")
            #expect(try await cluster.reported("w2") == nil)
            try node.write("cluster: {report: {kubeconfig: kubelet.conf}}\n" + rest, to: "bootstrap.yaml")
            try node.write(ReportingNode.kubeconfig(of: "nobody", on: cluster), to: "kubelet.conf", mode: 0o600)
            try forget()
            try await warning("API server \(cluster.server) refuses GET /api/v1/nodes/")
            let absent = ReportingNode.kubeconfig(of: "kubelet-w1", on: cluster, server: "https://127.0.0.1:1")
            try node.write(absent, to: "kubelet.conf", mode: 0o600)
            try forget()
            try await warning("API server https://127.0.0.1:1 cannot be reached: ")
            try Files.remove(node.path("kubelet.conf"))
            try forget()
            try await warning("kubeconfig '\(node.path("kubelet.conf"))' cannot be used: ")

            try await cluster.createNodes(["w1"])
            try node.write(kubelet, to: "kubelet.conf", mode: 0o600)
            let again = "report to the cluster succeeded again"
            #expect(try await node.runWithoutRoot("run").outputLines.contains(again))
            #expect(try await !node.runWithoutRoot("status").output.contains("report"))

            // The service goes on until it has reported. What is missing at a boot for seconds is no warning.
            try await cluster.mustRunKubectl("delete", "node", "w1")
            try forget()
            /// The requests for a Node that the server has answered with 404.
            func missing() async throws -> Int {
                let metrics = try await cluster.kubectl("get", "--raw", "/metrics").outputLines
                let isOfNode = { (line: String) in
                    line.hasPrefix("apiserver_request_total{")
                        && [#"code="404""#, #"resource="nodes""#, #"verb="GET""#]
                            .allSatisfy(line.contains)
                }
                return metrics.filter(isOfNode).compactMap { Int($0.split(separator: " ").last ?? "") }.reduce(0, +)
            }
            let before = try await missing()
            let service = try node.startWithoutRoot(["supervise", "--only-report"])
            // A Node that does not exist yet is looked for again.
            #expect(try await becomes { try await missing() > before })
            try await cluster.createNodes(["w1"])
            let ended = await service.result()
            #expect(ended.status == 0)
            #expect(ended.errors == "")
            #expect(ended.output == "")
            #expect(try await cluster.reported("w1")?["status"]?.string == "True")
        }
    }

    @Test func `a user of its own needs only the roles that rbac prints, and false turns reports off`() async throws {
        try await TestCluster.withFresh(options: Self.options) { cluster in
            try await cluster.createNodes(["w1"])
            try await cluster.makeCertificate("agent", subject: "/CN=nest-bootstrap")
            let node = try TestNode(
                "cluster: {report: {kubeconfig: agent.conf, node: w1}}\ntasks: {t: {exec: {command: \"false\"}}}\n",
                in: "\(cluster.directory)/agent"
            )
            try node.write(ReportingNode.kubeconfig(of: "agent", on: cluster), to: "agent.conf", mode: 0o600)
            let first = try await node.runWithoutRoot("run")
            #expect(first.errors.contains("apply the roles that 'nest-bootstrap rbac' prints"))
            let roles = try await node.run("rbac")
            #expect(roles.status == 0, "\(roles.errors)")
            try await cluster.mustApply(roles.output)
            // On a slow machine the server learns of the roles later.
            let isReported = try await becomes {
                _ = try await node.runWithoutRoot("run")
                return try await cluster.reported("w1") != nil
            }
            #expect(isReported)
            #expect(try await cluster.events(of: "w1").first?.hasPrefix("BootstrapTaskFailed x") == true)
            for command in [
                ["patch", "node", "w1", "-p", "{\"spec\":{\"unschedulable\":true}}"], ["get", "events"],
            ] {
                let refused = try await cluster.kubectl(["--kubeconfig", node.path("agent.conf")] + command)
                #expect(refused.errors.contains("orbidden"), "\(refused.errors)")
            }
            let before = try await cluster.reported("w1")
            try node.write("cluster: {report: false}\ntasks: {}\n", to: "bootstrap.yaml")
            #expect(try await node.runWithoutRoot("run").status == 0)
            #expect(try await node.runWithoutRoot("supervise", "--only-report").status == 0)
            #expect(try await cluster.reported("w1") == before)
        }
    }
}

/// A node that reports to the cluster with a kubeconfig of its own, or that of its kubelet.
struct ReportingNode {
    let node: TestNode

    /// Tasks of which one succeeds when a file is there.
    static let tasks = """
        tasks:
          fine: {symlink: {path: "${dir}/x", target: /etc}}
          flaky: {exec: {command: test, args: [-e, "${dir}/go"], reads: ["${dir}"]}}
          last: {after: [flaky], symlink: {path: "${dir}/y", target: /etc}}

        """

    /// Makes a node, with the certificate of its kubelet.
    init(_ name: String, on cluster: TestCluster, tasks: String = tasks) async throws {
        let user = "kubelet-\(name)"
        try await cluster.makeCertificate(user, subject: "/O=system:nodes/CN=system:node:\(name)")
        let directory = "\(cluster.directory)/\(name)"
        node = try TestNode(
            "cluster: {report: {kubeconfig: kubelet.conf}}\nvariables: {dir: \(directory)}\n\(tasks)",
            in: directory
        )
        try node.write(Self.kubeconfig(of: user, on: cluster), to: "kubelet.conf", mode: 0o600)
    }

    /// A kubeconfig of a user with a certificate of the cluster.
    static func kubeconfig(of user: String, on cluster: TestCluster, server: String? = nil) -> String {
        """
        apiVersion: v1
        kind: Config
        current-context: c
        contexts: [{name: c, context: {cluster: c, user: u}}]
        clusters: [{name: c, cluster: {server: "\(server ?? cluster.server)", certificate-authority: \(cluster.certificateAuthority)}}]
        users: [{name: u, user: {client-certificate: \(cluster.credentials)/\(user).crt, client-key: \(cluster.credentials)/\(user).key}}]

        """
    }

    /// Lets its task succeed.
    func heal() throws { try node.write("", to: "go") }
}

extension TestNode {
    /// Starts the program without `--root`, as on a machine without systemd whose `/run` and `/var/lib` are in the folder.
    func startWithoutRoot(_ arguments: [String]) throws(SupportError) -> Tool {
        let script = "for path in run var/lib; do mkdir -p \"$1/$path\"; mount --bind \"$1/$path\" \"/$path\"; done; "
        let shell = ["--mount", "sh", "-euc", script + "shift; exec \"$@\"", "sh", root, Self.program]
        return try Tool(
            "unshare",
            shell + arguments + ["--config", config],
            environment: ["NEST_ROLE": nil, "JOURNAL_STREAM": nil, "NOTIFY_SOCKET": nil]
        )
    }

    /// Runs the program without `--root` to its end.
    func runWithoutRoot(_ arguments: String...) async throws(SupportError) -> ToolResult {
        await (try startWithoutRoot(arguments)).result()
    }
}

extension TestCluster {
    /// Creates Nodes without kubelets.
    func createNodes(_ names: [String]) async throws {
        let objects = names.map { "---\n{apiVersion: v1, kind: Node, metadata: {name: \($0)}}\n" }.joined()
        let result = try await kubectl("create", "-f", "-", input: objects)
        try #require(result.status == 0, "\(result.errors)")
    }

    /// The condition that a node has reported.
    func reported(_ name: String) async throws -> JSON? {
        let conditions = try await object("node", name)["status"]?["conditions"]?.sequence ?? []
        return conditions.first { $0["type"]?.string == "BootstrapReady" }
    }

    /// The Events of a node, each as `REASON xCOUNT`.
    func events(of node: String) async throws -> [String] {
        let of = "involvedObject.kind=Node,involvedObject.uid=\(node)"
        let columns = #"jsonpath={range .items[*]}{.reason} x{.count}{"\n"}{end}"#
        let result = try await kubectl("get", "events", "--field-selector", of, "-o", columns)
        try #require(result.status == 0, "\(result.errors)")
        return result.outputLines.sorted()
    }
}
