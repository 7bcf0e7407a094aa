import Base

extension GroupVersionKind {
    /// Whether the group belongs to the API server itself.
    var isBuiltIn: Bool {
        // The server requires a dot in the group of a CustomResourceDefinition.
        !group.contains(".") || Self.builtInGroups.contains(group)
    }

    private static let builtInGroups: Set<String> = [
        "admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io", "auditregistration.k8s.io",
        "authentication.k8s.io", "authorization.k8s.io", "certificates.k8s.io", "coordination.k8s.io",
        "discovery.k8s.io", "events.k8s.io", "flowcontrol.apiserver.k8s.io", "internal.apiserver.k8s.io",
        "networking.k8s.io", "node.k8s.io", "rbac.authorization.k8s.io", "resource.k8s.io", "scheduling.k8s.io",
        "settings.k8s.io", "storage.k8s.io", "storagemigration.k8s.io",
    ]

    /// The cluster-scoped kinds of the API server itself, by group.
    private static let clusterScopedKinds: [String: Set<String>] = [
        "": ["Namespace", "Node", "PersistentVolume"],
        "apiextensions.k8s.io": ["CustomResourceDefinition"],
        "apiregistration.k8s.io": ["APIService"],
        "certificates.k8s.io": ["CertificateSigningRequest", "ClusterTrustBundle"],
        "internal.apiserver.k8s.io": ["StorageVersion"],
        "networking.k8s.io": ["ClusterCIDR", "IPAddress", "IngressClass", "ServiceCIDR"],
        "node.k8s.io": ["RuntimeClass"],
        "policy": ["PodSecurityPolicy"],
        "rbac.authorization.k8s.io": ["ClusterRole", "ClusterRoleBinding"],
        "resource.k8s.io": ["DeviceClass", "DeviceTaintRule", "ResourceClass", "ResourceSlice"],
        "scheduling.k8s.io": ["PriorityClass"],
        "storage.k8s.io": ["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment", "VolumeAttributesClass"],
        "storagemigration.k8s.io": ["StorageVersionMigration"],
    ]

    /// The groups of the API server itself in which every kind is cluster-scoped.
    private static let clusterGroups = ["admissionregistration.k8s.io", "flowcontrol.apiserver.k8s.io"]

    /// Whether this is a cluster-scoped kind of the API server itself.
    var isClusterScoped: Bool {
        Self.clusterGroups.contains(group) || Self.clusterScopedKinds[group]?.contains(kind) == true
    }
}

/// A kind in its group, regardless of the version.
public struct DefinedKind: Sendable, Hashable {
    /// The API group, empty for the core group.
    var group: String
    public var kind: String
}

extension DefinedKind {
    public init(_ type: GroupVersionKind) {
        self.init(group: type.group, kind: type.kind)
    }

    /// Creates the kind of a type, treating all built-in groups as one group.
    ///
    /// A built-in kind that has moved between groups, such as Ingress, is then equal in both groups.
    public init(inAnyBuiltInGroup type: GroupVersionKind) {
        self.init(group: type.isBuiltIn ? "" : type.group, kind: type.kind)
    }

    /// Reads the kind that a CustomResourceDefinition defines; returns `nil` for other or incomplete objects.
    public init?(_ manifest: ManifestObject) {
        guard manifest.identity.isCustomResourceDefinition, let spec = manifest.root["spec"],
            let group = spec["group"]?.string, let kind = spec["names"]?["kind"]?.string
        else { return nil }
        self.init(group: group, kind: kind)
    }

    /// Returns a CustomResourceDefinition's type in its first served version, or `nil` if there is no valid one.
    static func servedType(of manifest: ManifestObject) -> GroupVersionKind? {
        let versions = manifest.root["spec"]?["versions"]?.sequence ?? []
        let served = versions.first { $0["served"]?.boolean == true }?["name"]?.string
        guard let kind = DefinedKind(manifest), let version = served, ObjectIdentifiers.isGroup(kind.group),
            ObjectIdentifiers.isVersion(version)
        else { return nil }
        return GroupVersionKind(group: kind.group, version: version, kind: kind.kind)
    }
}
