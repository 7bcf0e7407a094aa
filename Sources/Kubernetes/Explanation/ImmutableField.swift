/// Fields that the server lets nobody change, for kinds whose conflicts are reported before the server checks that.
enum ImmutableField {
    /// Whether a field, or one that contains it, cannot be changed.
    static func contains(_ path: String, of type: GroupVersionKind) -> Bool {
        (fields["\(type.group)/\(type.kind)"] ?? []).contains { field in
            path == field || path.hasPrefix("\(field).") || path.hasPrefix("\(field)[")
        }
    }

    private static let fields: [String: [String]] = [
        "rbac.authorization.k8s.io/ClusterRoleBinding": ["roleRef"],
        "rbac.authorization.k8s.io/RoleBinding": ["roleRef"],
        "apps/DaemonSet": ["spec.selector"],
        "apps/Deployment": ["spec.selector"],
        "apps/ReplicaSet": ["spec.selector"],
        "apps/StatefulSet": ["spec.selector", "spec.serviceName", "spec.volumeClaimTemplates"],
        "batch/Job": ["spec.selector", "spec.template"],
        "storage.k8s.io/StorageClass": ["provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"],
        "scheduling.k8s.io/PriorityClass": ["value"],
        "node.k8s.io/RuntimeClass": ["handler"],
        "apiextensions.k8s.io/CustomResourceDefinition": ["spec.group", "spec.scope"],
        "/Secret": ["type"],
    ]
}
