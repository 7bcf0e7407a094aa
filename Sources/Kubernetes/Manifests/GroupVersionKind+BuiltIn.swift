import Base
import YAML

extension GroupVersionKind {
    /// Whether the group belongs to the API server itself, so that no CustomResourceDefinition can add a kind to it.
    var isBuiltIn: Bool {
        // The group of a CustomResourceDefinition must be a domain name.
        !group.contains(".") || Self.builtInGroups.contains(group)
    }

    /// Whether any version of Kubernetes has the group.
    var isKnownGroup: Bool {
        Self.builtInGroups.contains(group) || BuiltInKinds.groups.contains(group)
    }

    /// How far the version of an API has come, as its name says.
    enum Stability: Comparable {
        case alpha, beta, stable
    }

    /// How far the version of the API has come.
    var stability: Stability {
        if version.contains("alpha") { .alpha } else if version.contains("beta") { .beta } else { .stable }
    }

    /// Whether the version of the API is neither alpha nor beta.
    var isStable: Bool { stability == .stable }

    /// Returns whether one type is of an earlier group, or of the same group and an earlier version: `v1`, `v2beta1`, `v2`.
    static func isEarlier(_ left: Self, _ right: Self) -> Bool {
        func key(_ type: Self) -> (String, Substring, Stability, String) {
            (type.group, type.version.prefix { !$0.isLetter || $0 == "v" }, type.stability, type.version)
        }
        return key(left) < key(right)
    }

    /// Returns the type to use instead of this type, if a server does not have this type.
    ///
    /// A kind of the same name in a third-party group is a different kind, because only built-in kinds move between
    /// groups. The last stable version is preferred.
    ///
    /// - Parameter types: The types of the same kind that the server has, sorted by group and version.
    /// - Returns: One of these types, or `nil` if none is a replacement.
    func replacement(among types: [GroupVersionKind]) -> GroupVersionKind? {
        let own = types.filter { $0.group == group }
        let candidates = own.isEmpty ? types.filter { $0.isBuiltIn && isBuiltIn } : own
        return candidates.last(where: \.isStable) ?? candidates.last
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

/// A kind with its group, regardless of the version.
public struct DefinedKind: Sendable, Hashable {
    /// The API group, empty for the core group.
    public var group: String
    public var kind: String

    init(group: String, kind: String) {
        self.group = group
        self.kind = kind
    }

    public init(_ type: GroupVersionKind) {
        self.init(group: type.group, kind: type.kind)
    }

    /// Creates the kind of a type, with one common group for all built-in groups.
    ///
    /// Built-in kinds that have moved between groups, such as Ingress, are therefore equal in all of them.
    public init(inAnyBuiltInGroup type: GroupVersionKind) {
        self.init(group: type.isBuiltIn ? "" : type.group, kind: type.kind)
    }

    /// Reads the kind that a manifest defines, or returns `nil` if it is not a complete CustomResourceDefinition.
    public init?(_ manifest: ManifestObject) {
        if let known = manifest.indexedKind {
            self = known
            return
        }
        guard manifest.identity.isCustomResourceDefinition, let spec = manifest.root["spec"],
            let group = spec["group"]?.string, let kind = spec["names"]?["kind"]?.string
        else { return nil }
        self.init(group: group, kind: kind)
    }

    /// Returns the type that a CustomResourceDefinition defines, in its first served version.
    static func servedType(of manifest: ManifestObject) -> GroupVersionKind? {
        let versions = manifest.root["spec"]?["versions"]?.sequence ?? []
        let served = versions.first { $0["served"]?.boolean == true }?["name"]?.string
        // A definition of apiextensions.k8s.io/v1beta1 may name its only version in `version` instead of a list.
        let version = served ?? (versions.isEmpty ? manifest.root["spec"]?["version"]?.string : nil)
        guard let kind = DefinedKind(manifest), let version, ObjectIdentifiers.isGroup(kind.group),
            ObjectIdentifiers.isVersion(version)
        else { return nil }
        return GroupVersionKind(group: kind.group, version: version, kind: kind.kind)
    }
}
