import TestSupport
import Testing

/// What is printed about rollouts that cannot finish.
@Suite(.tags(.everyServer), .needsAPIServer, .timeLimit(.minutes(30)))
struct RolloutFailureTests {
    @Test func `a rollout that cannot finish is reported with the last warning`() async throws {
        let cluster = try await TestCluster.shared.value
        let item = FailureCase(
            id: "19",
            failure: "Deployment of a missing ServiceAccount",
            manifest: """
                apiVersion: apps/v1
                kind: Deployment
                metadata: {name: c, namespace: default}
                spec:
                  selector: {matchLabels: {app: c}}
                  template:
                    metadata: {labels: {app: c}}
                    spec:
                      serviceAccountName: nosuch
                      containers: [{name: c, image: x}]
                """,
            options: ", wait: rollout",
            lines: [
                "19.yaml:1:1: timed out waiting for Deployment/default/c: replicas: 0 of 1 (FailedCreate: …nosuch…)"
            ],
            timeout: "30s",
        )
        // On a busy machine the controllers need more time to refuse the Pods than the task waits.
        let apply = ["apply", "--server-side", "--field-manager=nest-bootstrap", "-f", "-"]
        _ = try await cluster.kubectl(apply, input: item.manifest)
        let isRefused = try await becomes {
            let conditions = ["get", "deployment", "c", "-o", "jsonpath={.status.conditions[*].message}"]
            return try await cluster.kubectl(conditions).output.contains("nosuch")
        }
        try #require(isRefused)
        try await Diagnosis([item], name: "rollouts", on: cluster).expect(item)
    }
}
