/// The order in which kinds are applied: kinds that others need come first.
enum ApplyOrder {
    /// The objects that are applied together, after those of all earlier waves.
    enum Wave: Int, CaseIterable {
        /// Namespaces and CustomResourceDefinitions, in and of which the others are.
        case foundations
        /// Configuration, accounts, roles, Services and the like, to which workloads refer.
        case configuration
        /// Workloads and custom resources.
        case workloads
        /// Admission webhooks and APIServices, which refuse requests for other objects until their pods run.
        case interceptors
    }

    /// Returns the wave of a kind.
    static func wave(of type: GroupVersionKind) -> Wave {
        switch (type.group, type.kind) {
        case ("", "Namespace"), ("apiextensions.k8s.io", "CustomResourceDefinition"): .foundations
        case ("apiregistration.k8s.io", "APIService"), ("admissionregistration.k8s.io", _): .interceptors
        case ("", "Pod"), ("", "ReplicationController"): .workloads
        case ("", _), ("rbac.authorization.k8s.io", _): .configuration
        case (_, let kind) where type.isBuiltIn && (kind.hasSuffix("Class") || kind == "NetworkPolicy"): .configuration
        default: .workloads
        }
    }
}
