/// The order in which kinds are applied: what others need comes first.
///
/// Objects of one rank are applied side by side, ranks one after the other. The list merges those of `cli-utils` and
/// Flux; admission webhooks come last, because one whose pods are not up refuses whatever follows it.
public enum ApplyOrder {
    /// The rank of Namespaces.
    static let namespaces = 0

    /// The rank of CustomResourceDefinitions, after which the server must serve what they define.
    static let definitions = 1

    /// The rank of kinds that are not named here, such as those that definitions bring.
    static let others = 11

    /// Whether objects of other ranks cannot be applied before those of a rank: namespaces, definitions and RBAC rules.
    static func isNeeded(_ rank: [Manifest]) -> Bool {
        rank.first.map { [namespaces, definitions, 5, 6].contains(self.rank(of: $0.identity.type)) } ?? false
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
        case ("apiregistration.k8s.io", "APIService"), ("admissionregistration.k8s.io", _): 12
        case (_, let kind) where kind.hasSuffix("Class"): 3
        default: others
        }
    }

    private static let workloads: Set<String> = [
        "apps/Deployment", "apps/StatefulSet", "apps/DaemonSet", "apps/ReplicaSet", "/ReplicationController", "/Pod",
        "batch/Job", "batch/CronJob", "policy/PodDisruptionBudget", "autoscaling/HorizontalPodAutoscaler",
    ]

    /// Manifests by rank, within a rank by namespace and name, and as written where these are the same.
    ///
    /// Kinds that have no rank of their own are kept together.
    public static func ranks(of manifests: [Manifest]) -> [[Manifest]] {
        let byRank = Dictionary(grouping: manifests.enumerated()) { rank(of: $0.element.identity.type) }
        return byRank.sorted { $0.key < $1.key }.map { rank, members in
            members.map { index, manifest in
                let identity = manifest.identity
                let kind = rank == others ? "\(identity.type.group)/\(identity.type.kind)" : ""
                return (key: (kind, identity.namespace ?? "", identity.name, index), manifest: manifest)
            }
            .sorted { $0.key < $1.key }
            .map(\.manifest)
        }
    }
}
