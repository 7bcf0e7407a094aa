extension GroupVersionKind {
    /// The kinds of the API server itself whose objects are in no namespace, by their groups.
    private static let clusterScopedKinds: [String: Set<String>] = [
        "": ["Namespace", "Node", "PersistentVolume"],
        "apiextensions.k8s.io": ["CustomResourceDefinition"],
        "apiregistration.k8s.io": ["APIService"],
        "certificates.k8s.io": ["CertificateSigningRequest", "ClusterTrustBundle"],
        "networking.k8s.io": ["ClusterCIDR", "IPAddress", "IngressClass", "ServiceCIDR"],
        "node.k8s.io": ["RuntimeClass"],
        "policy": ["PodSecurityPolicy"],
        "rbac.authorization.k8s.io": ["ClusterRole", "ClusterRoleBinding"],
        "resource.k8s.io": ["DeviceClass", "ResourceSlice"],
        "scheduling.k8s.io": ["PriorityClass"],
        "storage.k8s.io": ["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment", "VolumeAttributesClass"],
    ]

    /// The groups of the API server itself without a namespaced kind.
    private static let clusterGroups = ["admissionregistration.k8s.io", "flowcontrol.apiserver.k8s.io"]

    /// Whether it is a kind of the API server itself whose objects are in no namespace.
    var isClusterScoped: Bool {
        Self.clusterGroups.contains(group) || Self.clusterScopedKinds[group]?.contains(kind) == true
    }

    /// The group of the kinds that the API server has in two groups, the newer one for both.
    var currentGroup: String {
        switch (group, kind) {
        case ("extensions", "Ingress"), ("extensions", "NetworkPolicy"): "networking.k8s.io"
        case ("extensions", "PodSecurityPolicy"): "policy"
        case ("extensions", _): "apps"
        case ("", "Event"): "events.k8s.io"
        default: group
        }
    }
}
