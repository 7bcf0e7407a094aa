import TestSupport
import Testing

/// A cluster with a node, and the agent's output on it; run once for all tests.
struct NodeRun: Sendable {
    /// The cluster and its node.
    let cluster: TestCluster

    /// What kubelet says about the node before the agent has run.
    let nodeBefore: String

    /// Rollouts on the node while it has no CNI configuration.
    let withoutNetwork: ToolResult

    /// What kubelet's user gets for a secret that a pod of the node uses, for another one, and for all of them, after the
    /// shipped RBAC rules were applied.
    let secrets: [ToolResult]

    /// The shipped task file, which installs the CNI configuration and waits for kube-proxy.
    let shipped: ToolResult

    /// Rollouts that can finish and rollouts that cannot, run side by side.
    let workloads: ToolResult

    /// Rollouts on the drained node: new ones, and a change of one whose pod ignores SIGTERM.
    let cordoned: ToolResult

    /// The name of the node, for which `bootstrap.yaml` has a role.
    static let name = "ducksnest-controlplane"

    /// Runs everything once; `try await shared.value`.
    static let shared = Task {
        let cluster = try await TestCluster.up(["--node", name])
        let condition = #"jsonpath={.status.conditions[?(@.type=="Ready")].message}"#
        let nodeBefore = try await cluster.kubectl("get", "node", name, "-o", condition).output
        try await cluster.mustApply(objects)
        try await makeKnown(early, "early-known", on: cluster)
        let withoutNetwork = try await run("early", early, on: cluster)
        let node = try TestNode(try ShippedRun.bootstrap, in: "\(cluster.directory)/node")
        try node.write(try Files.text(cluster.dropIn), to: "bootstrap.d/50-cluster.yaml")
        try node.write(try Files.text(cluster.nodeDropIn), to: "bootstrap.d/60-node.yaml")
        let shipped = try await node.run("run", "--role", "control-plane")
        let kubelet = ["--kubeconfig", "\(cluster.directory)/kubelet.kubeconfig", "get", "-o", "name"]
        var secrets: [ToolResult] = []
        for wanted in [["secret", "mounted"], ["secret", "other"], ["secrets", "--all-namespaces"]] {
            secrets.append(try await cluster.kubectl(kubelet + wanted))
        }
        let failing = Self.workloads.filter { $0.timeout == Workload.shortTimeout }
        try await makeKnown(failing, "failing", on: cluster)
        let workloads = try await run("workloads", Self.workloads, on: cluster)
        // What the drain evicts is created again, and waits for a node, because this is the only one. A pod that ignores
        // SIGTERM ends after 30 s; the kubelet of a busy machine takes longer.
        try await cluster.mustRunKubectl("drain", name, "--ignore-daemonsets", "--force", "--timeout=10m")
        let changes = [
            stubborn("second"), Workload("late", "Deployment"), Workload("tolerant", "DaemonSet", timeout: "10m"),
        ]
        let cordoned = try await run("cordoned", changes, on: cluster)
        try await cluster.mustRunKubectl("uncordon", name)
        try await cluster.mustRunKubectl("rollout", "status", "deployment/served", "--timeout=10m")
        return NodeRun(
            cluster: cluster,
            nodeBefore: nodeBefore,
            withoutNetwork: withoutNetwork,
            secrets: secrets,
            shipped: shipped,
            workloads: workloads,
            cordoned: cordoned,
        )
    }

    /// Applies rollouts that cannot finish, and waits until the cluster reports why.
    private static func makeKnown(
        _ workloads: [Workload],
        _ directory: String,
        on cluster: TestCluster
    ) async throws {
        _ = try await runOnce(directory, workloads, waiting: false, on: cluster)
        let areKnown = try await becomes {
            let state = try await cluster.kubectl("get", "pods,events,daemonsets", "--output", "json").output
            return workloads.compactMap(\.cause).allSatisfy(state.contains)
        }
        try #require(areKnown)
    }

    /// Runs tasks; those that time out before the cause is known run again with a longer timeout.
    ///
    /// - Returns: The results of all runs as one, with the last failure of each task.
    private static func run(
        _ directory: String,
        _ workloads: [Workload],
        on cluster: TestCluster,
    ) async throws -> ToolResult {
        var all = try await runOnce(directory, workloads, on: cluster)
        for timeout in ["1m", "4m"] {
            var unexplained = workloads.filter { $0.timeout == Workload.shortTimeout && !$0.isExplained(in: all) }
            guard !unexplained.isEmpty else { break }
            for index in unexplained.indices { unexplained[index].timeout = timeout }
            let result = try await runOnce("\(directory)-\(timeout)", unexplained, on: cluster)
            let kept = all.errorLines.filter { line in !unexplained.contains { line.hasPrefix("\($0.name): error: ") } }
            all.errors = kept.map { "\($0)\n" }.joined() + result.errors
            all.output += result.output
        }
        return all
    }

    private static func runOnce(
        _ directory: String,
        _ workloads: [Workload],
        waiting: Bool = true,
        on cluster: TestCluster,
    ) async throws -> ToolResult {
        let tasks = workloads.map { workload in
            "  \(workload.name): {timeout: \(workload.timeout), apply: {kubeconfig: \(cluster.kubeconfig), "
                + "manifests: [\(workload.name).yaml]\(waiting ? ", wait: rollout\(workload.options)" : "")}}\n"
        }
        let node = try TestNode("tasks:\n\(tasks.joined())", in: "\(cluster.directory)/\(directory)")
        for workload in workloads { try node.write(workload.manifest, to: "\(workload.name).yaml") }
        return try await node.run("run")
    }
}

// MARK: - Workloads

extension NodeRun {
    /// A workload of one container, and how its task waits for it.
    struct Workload {
        var name: String
        var kind: String
        var pod: String
        var container: String
        var options: String
        var timeout: String

        /// What the cluster says when it has found out that the rollout cannot end.
        var cause: String?

        /// A part of the failure that gives the cause.
        var explanation: String

        /// The timeout of a rollout that cannot finish.
        static let shortTimeout = "15s"

        init(
            _ name: String,
            _ kind: String,
            pod: String = "terminationGracePeriodSeconds: 0",
            container: String = #"image: "nest-bootstrap.test/busybox:1", command: [sleep, "1000000"]"#,
            options: String = "",
            timeout: String = shortTimeout,
            cause: String? = nil,
            explanation: String = " (",
        ) {
            (self.name, self.kind, self.pod, self.container) = (name, kind, pod, container)
            (self.options, self.timeout, self.cause, self.explanation) = (options, timeout, cause, explanation)
        }

        /// Whether the failure of the task says why the rollout cannot end.
        func isExplained(in result: ToolResult) -> Bool {
            let line = result.errorLines.last { $0.hasPrefix("\(name): error: ") } ?? ""
            return line.replacing(#/ \(gives up at [^()]*\)/#, with: "").contains(explanation)
        }

        /// Its manifest.
        var manifest: String {
            """
            apiVersion: apps/v1
            kind: \(kind)
            metadata: {name: \(name), namespace: default}
            spec:
              selector: {matchLabels: {app: \(name)}}
              template:
                metadata: {labels: {app: \(name)}}
                spec:
                  \(pod)
                  containers: [{name: main, \(container)}]
            """
        }
    }

    private static let image = #"image: "nest-bootstrap.test/busybox:1""#

    /// A pod that is still there when its grace period of six seconds has passed.
    private static func stubborn(_ round: String) -> Workload {
        Workload(
            "stubborn",
            "DaemonSet",
            pod: "terminationGracePeriodSeconds: 6",
            container: "\(image), command: [sh, -c, \"trap '' TERM; sleep 1000000; echo \(round)\"]",
            timeout: "10m",
        )
    }

    private static let early = [
        Workload("early", "DaemonSet", explanation: "no node is eligible"),
        Workload("waiting", "Deployment", cause: #""reason": "Unschedulable""#, explanation: "Unschedulable"),
        Workload(
            "everywhere",
            "DaemonSet",
            pod: "tolerations: [{operator: Exists}]",
            container: "\(image), command: [sleep, '1000000'], envFrom: [{secretRef: {name: mounted}}]",
            cause: #""reason": "NetworkNotReady""#,
            explanation: "NetworkNotReady",
        ),
    ]

    private static let workloads = [
        stubborn("first"),
        Workload(
            "served",
            "Deployment",
            container: "\(image), command: [httpd, -f, -h, /etc]",
            timeout: "10m",
        ),
        Workload("nowhere", "Deployment", pod: "nodeSelector: {disk: fast}", cause: #""reason": "Unschedulable""#),
        Workload("unmatched", "DaemonSet", pod: "nodeSelector: {disk: fast}", explanation: "no node is eligible"),
        Workload("optional", "DaemonSet", pod: "nodeSelector: {disk: fast}", options: ", minNodes: 0", timeout: "10m"),
        Workload("two", "DaemonSet", options: ", minNodes: 2", explanation: "eligible nodes: 1 of 2"),
        Workload(
            "missing",
            "Deployment",
            container: #"image: "nosuch.test/image:1""#,
            cause: #""message": "Failed to pull image"#,
            explanation: "failed to resolve reference",
        ),
        Workload(
            "never",
            "DaemonSet",
            container: #"image: "nosuch.test/image:1", imagePullPolicy: Never"#,
            cause: #""reason": "ErrImageNeverPull""#,
        ),
        Workload(
            "probed",
            "Deployment",
            container: "\(image), command: [sleep, '1000000'], "
                + "readinessProbe: {exec: {command: [cat, /nosuch]}, periodSeconds: 1}",
            cause: "Readiness probe failed",
            explanation: "Readiness probe failed",
        ),
        Workload(
            "crashing",
            "Deployment",
            pod: "terminationGracePeriodSeconds: 0",
            container: "\(image), command: [sh, -c, 'exit 3'], "
                + "readinessProbe: {exec: {command: ['false']}, periodSeconds: 1}",
            cause: #""exitCode": 3"#,
        ),
    ]

    /// A Service for pods, a secret that a pod uses, and one that none does.
    private static let objects = """
        {apiVersion: v1, kind: Service, metadata: {name: served, namespace: default},
         spec: {selector: {app: served}, clusterIP: 10.96.0.80, ports: [{port: 80, protocol: TCP}]}}
        ---
        {apiVersion: v1, kind: Secret, metadata: {name: mounted, namespace: default}, stringData: {a: b}}
        ---
        {apiVersion: v1, kind: Secret, metadata: {name: other, namespace: default}, stringData: {a: b}}
        """
}
