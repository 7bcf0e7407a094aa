import TestSupport
import Testing

/// A real node with real pods: what `wait: rollout` says about them, and what the shipped task file makes of the node.
@Suite(.needsNode, .serialized, .timeLimit(.minutes(15)))
struct NodeTests {
    /// The reason of a task's failure, without what differs from pod to pod.
    ///
    /// On a busy machine the task's deadline may pass before the last look at the cluster has ended.
    private func failure(of task: String, in result: ToolResult) throws -> String {
        let line = try #require(result.errorLines.first { $0.hasPrefix("\(task): error: ") }, "\(result)")
        let form =
            /error: (?:\S+: )?timed out waiting for (.*?)(?: \(gives up at [^()]*\)|; (?:add|correct|tolerate) .*)?$/
        let words = try #require(line.firstMatch(of: form), "\(line)").1
        return String(words).replacing(/pod '(\w+)-[a-z0-9-]+':/) { "pod '\($0.1)':" }
    }

    @Test func `a rollout that can finish finishes`() async throws {
        let run = try await NodeRun.shared.value
        for task in ["stubborn", "served", "optional"] {
            let line = run.workloads.outputLines.last { $0.hasPrefix("\(task): changed in ") }
            #expect(line != nil, "\(run.workloads.output)\(run.workloads.errors)")
        }
        show("rollout on a node", ours: run.workloads)
    }

    @Test func `a node without CNI configuration is named with what its kubelet says`() async throws {
        let run = try await NodeRun.shared.value
        #expect(run.nodeBefore.contains("cni plugin not initialized"), "\(run.nodeBefore)")
        let message = "cni plugin not initialized)"
        let daemonSet = try failure(of: "early", in: run.withoutNetwork)
        #expect(daemonSet == "DaemonSet/default/early: no node is eligible")
        let deployment = try failure(of: "waiting", in: run.withoutNetwork)
        let replicas = "Deployment/default/waiting: available replicas: 0 of 1"
        #expect(deployment.hasPrefix("\(replicas) (pod 'waiting': Unschedulable: 0/1 nodes are available: "))
        let everywhere = try failure(of: "everywhere", in: run.withoutNetwork)
        let pod = "pod 'everywhere': container 'main' is waiting: ContainerCreating: NetworkNotReady: "
        #expect(everywhere.hasPrefix("DaemonSet/default/everywhere: available pods: 0 of 1 (\(pod)"))
        #expect(everywhere.hasSuffix(message))
    }

    @Test func `a rollout that cannot end is reported with pod, container and cause, also while it is waited for`()
        async throws
    {
        let run = try await NodeRun.shared.value
        for (task, line) in [
            (
                "never",
                "DaemonSet/default/never: available pods: 0 of 1 (pod 'never': container 'main' is waiting: ErrImageNeverPull: "
                    + #"Container image "nosuch.test/image:1" is not present with pull policy of Never)"#
            ),
            (
                "probed",
                "Deployment/default/probed: available replicas: 0 of 1 (pod 'probed': container 'main' is not ready: "
                    + "Unhealthy: Readiness probe failed: cat: can't open '/nosuch': No such file or directory)"
            ),
            ("unmatched", "DaemonSet/default/unmatched: no node is eligible"),
            ("two", "DaemonSet/default/two: eligible nodes: 1 of 2"),
        ] { #expect(try failure(of: task, in: run.workloads) == line) }
        let words = "never: waiting: DaemonSet/default/never: available pods: 0 of 1 (pod 'never-"
        let waiting = run.workloads.outputLines.last { $0.hasPrefix(words) }?.masked
        #expect(waiting?.hasSuffix("with pull policy of Never) (gives up at NOW)") == true)
    }

    @Test func `an image that cannot be pulled, a crash and the scheduler's refusal are reported`() async throws {
        let run = try await NodeRun.shared.value
        let missing = try failure(of: "missing", in: run.workloads)
        let image =
            "Deployment/default/missing: available replicas: 0 of 1 (pod 'missing': container 'main' is waiting: "
        #expect(missing.hasPrefix("\(image)ErrImagePull: ") || missing.hasPrefix("\(image)ImagePullBackOff: "))
        #expect(missing.contains(#"failed to resolve reference "nosuch.test/image:1": "#))
        let crashing = try failure(of: "crashing", in: run.workloads)
        #expect(
            crashing.hasPrefix("Deployment/default/crashing: available replicas: 0 of 1 (pod 'crashing': container ")
        )
        // Between two crashes an event may follow: that the probe found no process.
        #expect(crashing.contains(": Error, exit code 3"))
        let nowhere = try failure(of: "nowhere", in: run.workloads)
        let refusal = "Unschedulable: 0/1 nodes are available: 1 node(s) didn't match Pod's node affinity"
        #expect(nowhere.hasPrefix("Deployment/default/nowhere: available replicas: 0 of 1 (pod 'nowhere': \(refusal)"))
    }

    @Test func `a pod that takes its time to end is waited for and named`() async throws {
        let run = try await NodeRun.shared.value
        let lines = run.cordoned.outputLines.map(\.masked)
        let words = "stubborn: waiting: DaemonSet/default/stubborn: updated pods: 0 of 1 (pod 'stubborn-"
        let line = lines.first { $0.hasPrefix(words) }
        let end = ": it is being deleted) (gives up at NOW)"
        #expect(line?.hasSuffix(end) == true, "\(lines.joined(separator: "\n"))")
        #expect(lines.contains("stubborn: changed in SOON (1 configured)"), "\(lines.joined(separator: "\n"))")
    }

    @Test func `a drained node runs a DaemonSet, and a Deployment waits for a node`() async throws {
        let run = try await NodeRun.shared.value
        #expect(run.cordoned.outputLines.contains { $0.hasPrefix("tolerant: changed in ") }, "\(run.cordoned.errors)")
        let line = try failure(of: "late", in: run.cordoned)
        let refusal = "Unschedulable: 0/1 nodes are available: 1 node(s) were unschedulable"
        #expect(
            line.hasPrefix("Deployment/default/late: available replicas: 0 of 1 (pod 'late': \(refusal)"),
            "\(line)"
        )
    }

    @Test func `the shipped task file makes the node ready, and kube-proxy forwards to a pod`() async throws {
        let run = try await NodeRun.shared.value
        #expect(run.shipped.status == 0, "\(run.shipped.errors)")
        #expect(run.shipped.outputLines.contains("kube-proxy-daemonset: DaemonSet/kube-system/kube-proxy created"))
        let node = try await run.cluster.object("node", NodeRun.name)
        let conditions = node["status"]?["conditions"]?.sequence ?? []
        #expect(conditions.first { $0["type"]?.string == "Ready" }?["status"]?.string == "True")
        // The Service's address is one that only kube-proxy's rules know.
        let fetch = #"exec 3<>/dev/tcp/10.96.0.80/80; printf 'GET /hostname HTTP/1.0\r\n\r\n' >&3; cat <&3"#
        let isServed = try await becomes {
            let answer = try await run.cluster.runOnNode("timeout", "20", "bash", "-c", fetch)
            return answer.outputLines.last?.hasPrefix("served-") == true
        }
        #expect(isServed)
    }

    @Test func `kubelet is a user of its own, who reads the secrets of its own pods and no others`() async throws {
        let run = try await NodeRun.shared.value
        #expect(run.secrets[0].output == "secret/mounted\n", "\(run.secrets[0].errors)")
        for refused in run.secrets.dropFirst() {
            #expect(refused.status == 1)
            #expect(refused.errors.contains(#"User "system:node:\#(NodeRun.name)" cannot "#), "\(refused.errors)")
        }
    }

    @Test func `the report of a node stays when its kubelet writes the status of the Node`() async throws {
        let cluster = try await NodeRun.shared.value.cluster
        let directory = "\(cluster.directory)/reporting"
        let node = try TestNode(
            "cluster: {report: {kubeconfig: \(cluster.directory)/kubelet.kubeconfig}}\n"
                + "variables: {dir: \(directory)}\n\(ReportingNode.tasks)",
            in: directory
        )
        #expect(try await node.runWithoutRoot("run", "--role", "worker").errors.contains("warning") == false)
        let reported = try #require(try await cluster.reported(NodeRun.name))
        #expect(reported["reason"]?.string == "TasksFailed")
        func heartbeat() async throws -> JSON? {
            let conditions = try await cluster.object("node", NodeRun.name)["status"]?["conditions"]?.sequence ?? []
            return conditions.first { $0["type"]?.string == "Ready" }?["lastHeartbeatTime"]
        }
        // What the kubelet writes first it may have begun before the report.
        for _ in 1...2 {
            let before = try await heartbeat()
            #expect(try await becomes { try await heartbeat() != before })
        }
        #expect(try await cluster.reported(NodeRun.name) == reported)
    }

    @Test func `a pod of an image that a task has imported runs`() async throws {
        let cluster = try await NodeRun.shared.value.cluster
        let directory = "\(cluster.directory)/importing"
        let image = "nest-bootstrap.test/imported:1"
        let make = """
            . "$1/lib.sh"
            rm -f /var/lib/nest-bootstrap-products/imported.json
            mkdir -p "$2/content/bin"
            cp "$runtime/bin/busybox" "$2/content/bin/sleep"
            "$1/make-image" "$2/imported.tar" "$2/content" "$3"
            echo "$runtime/usr/bin"
            """
        let made = try await Tool.run("bash", ["-euc", make, "bash", TestCluster.scripts, directory, image])
        try #require(made.status == 0, "\(made.errors)")
        let socket = "\(cluster.directory)/node/root/run/containerd/containerd.sock"
        let node = try TestNode(
            "tasks: {imported: {images: {socket: \(socket), archives: [\(directory)/imported.tar]}}}\n",
            in: directory
        )
        let path = "\(made.outputLines.last ?? ""):/usr/bin:/bin"
        func run() async throws -> ToolResult {
            try await Tool.run("env", ["PATH=\(path)", TestNode.program, "run", "--config", node.config])
        }
        let first = try await run()
        show("a task imports an image", ours: first)
        #expect(first.outputLines.contains("imported: image '\(image)' imported"), "\(first.errors)")
        let again = try await run()
        #expect(again.outputLines.contains { $0.hasPrefix("imported: unchanged") }, "\(again.output)\(again.errors)")
        try await cluster.mustApply(
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: imported, namespace: default}
            spec:
              nodeName: \(NodeRun.name)
              terminationGracePeriodSeconds: 0
              containers: [{name: main, image: "\(image)", imagePullPolicy: Never, command: [/bin/sleep, "1000000"]}]

            """
        )
        let isRunning = try await becomes {
            try await cluster.object("pod", "imported")["status"]?["phase"]?.string == "Running"
        }
        #expect(isRunning)
    }
}
