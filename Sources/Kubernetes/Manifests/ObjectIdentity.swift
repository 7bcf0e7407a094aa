/// The group, version and kind of an object.
public struct GroupVersionKind: Sendable, Hashable, CustomStringConvertible {
    /// The API group, empty for the core group.
    public var group: String

    /// The version, such as `v1`.
    public var version: String

    /// The kind, such as `DaemonSet`.
    public var kind: String

    /// Creates an identity of a kind.
    public init(group: String, version: String, kind: String) {
        self.group = group
        self.version = version
        self.kind = kind
    }

    /// Creates an identity of a kind from the two fields that an object carries.
    public init(apiVersion: String, kind: String) {
        let parts = apiVersion.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        self.group = parts.count == 2 ? String(parts[0]) : ""
        self.version = String(parts.last ?? "")
        self.kind = kind
    }

    /// The group and version as an object writes them, such as `apps/v1` or `v1`.
    public var apiVersion: String {
        group.isEmpty ? version : "\(group)/\(version)"
    }

    /// The path under which the server keeps the group and version.
    public var path: String {
        let version = APIClient.percentEncoded(version)
        return group.isEmpty ? "/api/\(version)" : "/apis/\(APIClient.percentEncoded(group))/\(version)"
    }

    /// The kind with its group and version, such as `DaemonSet (apps/v1)`.
    public var description: String {
        "\(kind) (\(apiVersion))"
    }
}

/// The identity of an object in a cluster.
public struct ObjectIdentity: Sendable, Hashable, CustomStringConvertible {
    /// The object's group, version and kind.
    public var type: GroupVersionKind

    /// The namespace, or `nil` for none: a cluster-wide object, or one whose manifest leaves it to the context.
    public var namespace: String?
    public var name: String

    public init(type: GroupVersionKind, namespace: String?, name: String) {
        self.type = type
        self.namespace = namespace
        self.name = name
    }

    /// What identifies an object in its cluster: not the version that a manifest writes.
    public struct Key: Sendable, Hashable {
        private let kind: DefinedKind
        private let namespace: String
        private let name: String

        fileprivate init(_ identity: ObjectIdentity, _ defaultNamespace: String) {
            kind = DefinedKind(inAnyBuiltInGroup: identity.type)
            // The server ignores the namespace of cluster-scoped objects.
            namespace = identity.type.isClusterScoped ? "" : identity.namespace ?? defaultNamespace
            name = identity.name
        }
    }

    /// What identifies the object in its cluster.
    ///
    /// - Parameter defaultNamespace: The namespace of objects that name none.
    /// - Returns: The group, kind, namespace and name.
    public func key(defaultNamespace: String) -> Key { Key(self, defaultNamespace) }

    /// The object in messages: `ClusterRole/edit`, `DaemonSet/kube-system/calico-node`.
    public var description: String {
        guard let namespace else { return "\(type.kind)/\(name)" }
        return "\(type.kind)/\(namespace)/\(name)"
    }

    /// Whether this is a CustomResourceDefinition.
    public var isCustomResourceDefinition: Bool {
        type.group == "apiextensions.k8s.io" && type.kind == "CustomResourceDefinition"
    }

    public var isNamespace: Bool {
        type.group.isEmpty && type.kind == "Namespace"
    }
}
