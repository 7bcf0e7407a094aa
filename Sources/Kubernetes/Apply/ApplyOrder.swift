/// The order in which kinds are applied: kinds that others need come first.
///
/// The order is only a preference; see `ApplySchedule`. It combines the orders of `cli-utils` and Flux. Admission
/// webhooks come last, because a webhook whose pods are not running refuses all later objects.
public enum ApplyOrder {
    /// The rank of Namespaces.
    static let namespaces = 0

    /// The rank of CustomResourceDefinitions, whose kinds the server must serve before their objects are applied.
    static let definitions = 1

    /// The rank of kinds such as StorageClass.
    static let classes = 3

    /// The rank of all other kinds, such as custom resources.
    static let others = 11

    /// The rank of kinds that intercept requests for others: admission webhooks and APIServices.
    static let intercepting = 12

    /// Returns whether a kind is known to be cluster-wide, among the kinds for which this matters.
    static func isClusterWide(_ type: GroupVersionKind) -> Bool {
        switch (type.group, type.kind) {
        case ("rbac.authorization.k8s.io", "ClusterRole"), ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
            ("", "PersistentVolume"), ("", "Node"):
            true
        default: [namespaces, definitions, classes, intercepting].contains(rank(of: type))
        }
    }

    /// Returns the rank of a kind; lower ranks are applied first.
    public static func rank(of type: GroupVersionKind) -> Int {
        switch (type.group, type.kind) {
        case ("", "Namespace"): namespaces
        case ("apiextensions.k8s.io", "CustomResourceDefinition"): definitions
        case ("", "ResourceQuota"), ("", "LimitRange"): 2
        case ("", "ServiceAccount"): 4
        case ("rbac.authorization.k8s.io", "ClusterRole"), ("rbac.authorization.k8s.io", "Role"): 5
        case ("rbac.authorization.k8s.io", "ClusterRoleBinding"), ("rbac.authorization.k8s.io", "RoleBinding"): 6
        case ("", "ConfigMap"), ("", "Secret"): 7
        case ("", "Service"): 8
        case ("networking.k8s.io", "NetworkPolicy"), ("", "PersistentVolume"), ("", "PersistentVolumeClaim"): 9
        case (let group, let kind) where workloads.contains("\(group)/\(kind)"): 10
        case ("apiregistration.k8s.io", "APIService"), ("admissionregistration.k8s.io", _): intercepting
        case (_, let kind) where kind.hasSuffix("Class"): classes
        default: others
        }
    }

    private static let workloads: Set<String> = [
        "apps/Deployment", "apps/StatefulSet", "apps/DaemonSet", "apps/ReplicaSet", "/ReplicationController", "/Pod",
        "batch/Job", "batch/CronJob", "policy/PodDisruptionBudget", "autoscaling/HorizontalPodAutoscaler",
    ]

    /// Sorts manifests by rank, then by namespace and name, then by their original order.
    ///
    /// Kinds without a specific rank are grouped by kind.
    public static func sorted(_ manifests: [ManifestObject]) -> [ManifestObject] {
        manifests.enumerated().map { index, manifest in
            let identity = manifest.identity
            let rank = rank(of: identity.type)
            let kind = rank == others ? "\(identity.type.group)/\(identity.type.kind)" : ""
            return (key: (rank, kind, identity.namespace ?? "", identity.name, index), manifest: manifest)
        }
        .sorted { $0.key < $1.key }
        .map(\.manifest)
    }
}
