/// The order in which kinds are applied: kinds that others need come first.
///
/// It is only a preference: see `ApplySchedule`. The list merges those of `cli-utils` and Flux; admission webhooks come
/// last, because one whose pods are not up refuses whatever follows it.
public enum ApplyOrder {
    /// The rank of Namespaces.
    static let namespaces = 0

    /// The rank of CustomResourceDefinitions, after which the server must serve what they define.
    static let definitions = 1

    /// The rank of kinds such as StorageClass.
    static let classes = 3

    /// The rank of all other kinds, such as those of custom resources.
    static let others = 11

    /// The rank of kinds that intercept requests for others: admission webhooks and APIServices.
    static let intercepting = 12

    /// Whether a kind is known to have no namespaces, of those for which it matters.
    static func isClusterWide(_ type: GroupVersionKind) -> Bool {
        switch (type.group, type.kind) {
        case ("rbac.authorization.k8s.io", "ClusterRole"), ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
            ("", "PersistentVolume"), ("", "Node"):
            true
        default: [namespaces, definitions, classes, intercepting].contains(rank(of: type))
        }
    }

    /// The rank of a kind, the lowest first.
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

    /// Manifests in the order of their ranks, within a rank by namespace and name, and as written where these are the
    /// same.
    ///
    /// Kinds that have no rank of their own are kept together.
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
