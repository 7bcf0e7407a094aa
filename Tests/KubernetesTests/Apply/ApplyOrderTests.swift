import Testing
@testable import Kubernetes

@Suite(.timeLimit(.minutes(5)))
struct ApplyOrderTests {
    @Test(arguments: [
        ("v1", "Namespace", 0),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition", 1),
        ("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition", 1),
        ("v1", "ResourceQuota", 2), ("v1", "LimitRange", 2),
        ("scheduling.k8s.io/v1", "PriorityClass", 3), ("node.k8s.io/v1", "RuntimeClass", 3),
        ("storage.k8s.io/v1", "StorageClass", 3), ("networking.k8s.io/v1", "IngressClass", 3),
        ("gateway.networking.k8s.io/v1", "GatewayClass", 3), ("snapshot.storage.k8s.io/v1", "VolumeSnapshotClass", 3),
        ("cluster.x-k8s.io/v1beta1", "ClusterClass", 3),
        ("v1", "ServiceAccount", 4),
        ("rbac.authorization.k8s.io/v1", "ClusterRole", 5), ("rbac.authorization.k8s.io/v1", "Role", 5),
        ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", 6), ("rbac.authorization.k8s.io/v1", "RoleBinding", 6),
        ("v1", "ConfigMap", 7), ("v1", "Secret", 7),
        ("v1", "Service", 8),
        ("networking.k8s.io/v1", "NetworkPolicy", 9), ("v1", "PersistentVolume", 9), ("v1", "PersistentVolumeClaim", 9),
        ("apps/v1", "Deployment", 10), ("apps/v1", "StatefulSet", 10), ("apps/v1", "DaemonSet", 10),
        ("apps/v1", "ReplicaSet", 10), ("v1", "ReplicationController", 10), ("v1", "Pod", 10), ("batch/v1", "Job", 10),
        ("batch/v1", "CronJob", 10), ("policy/v1", "PodDisruptionBudget", 10),
        ("autoscaling/v2", "HorizontalPodAutoscaler", 10),
        ("crd.projectcalico.org/v1", "IPPool", 11), ("crd.projectcalico.org/v1", "NetworkPolicy", 11),
        ("serving.knative.dev/v1", "Service", 11), ("example.test/v1", "Namespace", 11),
        ("apiregistration.k8s.io/v1", "APIService", 12),
        ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", 12),
        ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", 12),
        ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", 12),
        ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding", 12),
    ])
    func `every kind has its rank`(apiVersion: String, kind: String, rank: Int) {
        #expect(ApplyOrder.rank(of: GroupVersionKind(apiVersion: apiVersion, kind: kind)) == rank)
    }

    @Test func `kinds that others need come first, then namespaces and names, then the order of the files`() throws {
        let written = try manifests(
            """
            {apiVersion: apps/v1, kind: DaemonSet, metadata: {name: a, namespace: z}}
            ---
            {apiVersion: b.test/v1, kind: A, metadata: {name: a}}
            ---
            {apiVersion: a.test/v1, kind: B, metadata: {name: b}}
            ---
            {apiVersion: v1, kind: Secret, metadata: {name: s, namespace: b}}
            ---
            {apiVersion: v1, kind: ConfigMap, metadata: {name: s, namespace: b}}
            ---
            {apiVersion: v1, kind: ConfigMap, metadata: {name: z, namespace: a}}
            ---
            {apiVersion: v1, kind: Namespace, metadata: {name: z}}
            """
        )
        #expect(
            ApplyOrder.sorted(written).map(\.identity.description) == [
                "Namespace/z", "ConfigMap/a/z", "Secret/b/s", "ConfigMap/b/s", "DaemonSet/z/a", "B/b", "A/a",
            ]
        )
    }
}
