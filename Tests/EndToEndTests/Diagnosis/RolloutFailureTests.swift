import TestSupport
import Testing

/// What is printed about rollouts that cannot finish.
@Suite(.tags(.everyServer), .needsAPIServer, .timeLimit(.minutes(30)))
struct RolloutFailureTests {
    private static func workload(_ kind: String, _ name: String, _ namespace: String, _ pod: String = "") -> String {
        """
        apiVersion: apps/v1
        kind: \(kind)
        metadata: {name: \(name), namespace: \(namespace)}
        spec:
          selector: {matchLabels: {app: \(name)}}
          template:
            metadata: {labels: {app: \(name)}}
            spec:
              \(pod)
              containers: [{name: c, image: x}]
        """
    }

    private static let stuck: [FailureCase] = [
        FailureCase(
            id: "19a",
            failure: "DaemonSet without a node",
            manifest: workload("DaemonSet", "a", "rollouts"),
            options: ", wait: rollout",
            lines: [
                "19a.yaml:1:1: timed out waiting for DaemonSet/rollouts/a: no node is eligible (the cluster has no node); add a node, "
                    + "or write 'minNodes: 0' in task 't19a' if none is needed"
            ],
            timeout: "30s",
        ),
        FailureCase(
            id: "19b",
            failure: "Deployment refused by a quota",
            manifest: workload("Deployment", "b", "rollouts"),
            options: ", wait: rollout",
            lines: [
                "19b.yaml:1:1: timed out waiting for Deployment/rollouts/b: replicas: 0 of 1 (FailedCreate: …exceeded quota: q, …); "
                    + "raise ResourceQuota 'q' or delete objects: 'kubectl edit resourcequota q -n rollouts'"
            ],
            timeout: "30s",
        ),
        FailureCase(
            id: "19c",
            failure: "Deployment of a missing ServiceAccount",
            manifest: workload("Deployment", "c", "default", "serviceAccountName: nosuch"),
            options: ", wait: rollout",
            lines: [
                "19c.yaml:9:7: timed out waiting for Deployment/default/c: replicas: 0 of 1 (FailedCreate: …; create ServiceAccount "
                    + "'nosuch', or correct 'serviceAccountName'"
            ],
            timeout: "30s",
        ),
        FailureCase(
            id: "30b",
            failure: "Deployment that violates the Pod Security Standard",
            manifest: workload("Deployment", "d", "rollouts-standard"),
            options: ", wait: rollout",
            versions: 25...999,
            lines: [
                "30b.yaml:10:20: timed out waiting for Deployment/rollouts-standard/d: replicas: 0 of 1 (FailedCreate: "
                    + "…violates PodSecurity …; change these settings, or allow them: 'kubectl label namespace "
                    + "rollouts-standard pod-security.kubernetes.io/enforce=privileged --overwrite'"
            ],
            timeout: "30s",
        ),
    ]

    private static let run = Task {
        let cluster = try await TestCluster.shared.value
        try await cluster.mustApply(
            """
            {apiVersion: v1, kind: Namespace, metadata: {name: rollouts}}
            ---
            apiVersion: v1
            kind: Namespace
            metadata: {name: rollouts-standard, labels: {pod-security.kubernetes.io/enforce: restricted}}
            ---
            {apiVersion: v1, kind: ResourceQuota, metadata: {name: q, namespace: rollouts}, spec: {hard: {pods: "0"}}}
            """
        )
        // Without a status of the quota, Pods are refused with another message, which the conditions keep.
        let isCounted = try await becomes {
            let count = ["get", "resourcequota", "q", "-n", "rollouts", "-o", "jsonpath={.status.hard.pods}"]
            return try await cluster.kubectl(count).output == "0"
        }
        try #require(isCounted)
        // On a busy machine the controllers need more time to refuse the Pods than the tasks wait.
        let minor = try await TestCluster.minorVersion()
        for item in stuck where item.versions.contains(minor) {
            let apply = ["apply", "--server-side", "--field-manager=nest-bootstrap", "-f", "-"]
            _ = try await cluster.kubectl(apply, input: item.manifest)
        }
        let areRefused = try await becomes {
            let list = [
                "get", "deployments", "-A", "-o", "jsonpath={..conditions[?(@.reason==\"FailedCreate\")].message}",
            ]
            let messages = try await cluster.kubectl(list).output
            return ["exceeded quota", "nosuch"].allSatisfy(messages.contains)
        }
        try #require(areRefused)
        return try await Diagnosis(stuck, name: "rollouts", on: cluster)
    }

    @Test(arguments: stuck)
    func `a rollout that cannot finish is reported with its cause and what to do`(item: FailureCase) async throws {
        try await Self.run.value.expect(item)
    }

    @Test func `labels that no node has are the cause, not the taints of other nodes`() async throws {
        try await TestCluster.withFresh(options: []) { cluster in
            try await cluster.mustApply(
                """
                apiVersion: v1
                kind: Node
                metadata: {name: tainted}
                spec: {taints: [{key: node-role.kubernetes.io/control-plane, effect: NoSchedule}]}
                """
            )
            let item = FailureCase(
                id: "19e",
                failure: "nodeSelector that no node matches",
                manifest: Self.workload("DaemonSet", "e", "default", "nodeSelector: {disk: fast}"),
                options: ", wait: rollout",
                lines: [
                    "19e.yaml:9:22: timed out waiting for DaemonSet/default/e: no node is eligible (the cluster has 1 node, "
                        + "none with label 'disk=fast'…); add this label to a node, or correct 'nodeSelector', or write "
                        + "'minNodes: 0' in task 't19e' if none is needed"
                ],
                timeout: "30s",
            )
            try await Diagnosis([item], name: "selector", on: cluster).expect(item)
        }
    }
}
