/// A group of kinds whose objects are applied together; groups are applied in the order of the cases.
enum ApplyWave: Int, CaseIterable {
    /// Namespaces and CustomResourceDefinitions, without which other objects cannot be created.
    case foundations
    /// Configuration, ServiceAccounts, roles, Services and other objects to which workloads refer.
    case configuration
    /// Workloads, custom resources and all remaining kinds.
    case workloads
    /// Admission webhooks and policies, and APIServices, which can make the server refuse requests.
    case interceptors

    init(of type: GroupVersionKind) {
        self =
            switch (type.group, type.kind) {
            case ("", "Namespace"), ("apiextensions.k8s.io", "CustomResourceDefinition"): .foundations
            case ("apiregistration.k8s.io", "APIService"), ("admissionregistration.k8s.io", _): .interceptors
            case ("", "Pod"), ("", "ReplicationController"): .workloads
            case ("", _), ("rbac.authorization.k8s.io", _): .configuration
            case (_, let kind) where type.isBuiltIn && (kind.hasSuffix("Class") || kind == "NetworkPolicy"):
                .configuration
            default: .workloads
            }
    }
}
