import Base
import YAML

/// The kinds of the API groups that every server has and that custom resources cannot extend.
enum BuiltInKinds {
    /// The complete lists of kinds for API versions to which Kubernetes no longer adds kinds.
    private static let complete: [String: Set<String>] = [
        "v1": [
            "Binding", "ComponentStatus", "ConfigMap", "Endpoints", "Event", "LimitRange", "Namespace", "Node",
            "PersistentVolume", "PersistentVolumeClaim", "Pod", "PodTemplate", "ReplicationController", "ResourceQuota",
            "Secret", "Service", "ServiceAccount",
        ],
        "apps/v1": ["ControllerRevision", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"],
        "batch/v1": ["CronJob", "Job"],
        "rbac.authorization.k8s.io/v1": ["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"],
    ]

    /// The API versions of other common kinds.
    private static let others = [
        "CustomResourceDefinition": "apiextensions.k8s.io/v1", "HorizontalPodAutoscaler": "autoscaling/v2",
        "Ingress": "networking.k8s.io/v1", "IngressClass": "networking.k8s.io/v1",
        "Lease": "coordination.k8s.io/v1", "NetworkPolicy": "networking.k8s.io/v1",
        "PodDisruptionBudget": "policy/v1", "PriorityClass": "scheduling.k8s.io/v1",
        "StorageClass": "storage.k8s.io/v1",
    ]

    /// The groups without a dot; the group of a custom resource must contain one.
    static let groups = ["", "apps", "autoscaling", "batch", "extensions", "policy"]

    /// Returns a kind of an API version for a hint, or `nil` if none is known.
    static func example(of apiVersion: String) -> String? {
        let frequent = ["v1": "ConfigMap", "apps/v1": "Deployment", "batch/v1": "Job"]
        return frequent[apiVersion] ?? complete[apiVersion]?.min()
            ?? others.filter { $0.value == apiVersion }.keys.min()
    }

    static func problems(_ manifest: ManifestObject) -> [Problem] {
        let type = manifest.identity.type
        if !type.group.contains("."), !groups.contains(type.group) {
            let near = nearestName(to: type.group, in: groups)
            let hint = served(type.kind).map { "write 'apiVersion: \($0)'" } ?? near.map { "did you mean '\($0)'?" }
            let message = "there is no API group '\(type.group)'"
            return [Problem(message, at: manifest.root["apiVersion"]?.location, hint: hint)]
        }
        if type.group.isEmpty, type.version != "v1" {
            let hint = served(type.kind).map { "write 'apiVersion: \($0)'" } ?? "write 'apiVersion: v1', or its group"
            let message = "there is no API version '\(type.version)' without a group"
            return [Problem(message, at: manifest.root["apiVersion"]?.location, hint: hint)]
        }
        guard let kinds = complete[type.apiVersion], !kinds.contains(type.kind) else { return [] }
        let message = "there is no kind '\(type.kind)' in '\(type.apiVersion)'"
        if let apiVersion = served(type.kind) {
            let location = manifest.root["apiVersion"]?.location
            return [Problem(message, at: location, hint: "write 'apiVersion: \(apiVersion)'")]
        }
        let hint = nearestName(to: type.kind, in: kinds.sorted()).map { "did you mean '\($0)'?" }
        return [Problem(message, at: manifest.root["kind"]?.location, hint: hint)]
    }

    /// Returns the API version of a common kind.
    static func served(_ kind: String) -> String? {
        complete.first { $0.value.contains(kind) }?.key ?? others[kind]
    }
}
