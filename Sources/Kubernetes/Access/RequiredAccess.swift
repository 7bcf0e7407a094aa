public import Base

/// The permissions that a node's tasks need in the cluster, as one ClusterRole.
///
/// A user without all permissions of a role needs `escalate` to apply the role, and `bind` to apply a binding to it.
///
/// Source:
/// <https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping>.
public struct RequiredAccess: Sendable {
    private struct Resource: Hashable {
        var group: String
        var name: String
    }

    private let resources: ResourceNames
    private var verbs: [Resource: Set<String>] = [:]

    private static let group = "rbac.authorization.k8s.io"

    /// Creates a role with the permissions that every task needs.
    ///
    /// The plurals of custom kinds come from the CustomResourceDefinitions among the manifests.
    public init(definitionsOf manifests: [ManifestObject]) {
        resources = ResourceNames(manifests)
        // Before a task uses the API server, it waits until namespace kube-system exists.
        allow(["get"], "", "namespaces")
    }

    public mutating func apply(_ manifest: ManifestObject) {
        let type = manifest.identity.type
        allow(["get", "create", "patch"], type)
        if !type.isSecret { allow(["list"], type) }
        if ObjectAnnotation.replace.isSet(in: manifest.root) { allow(["delete"], type) }
        switch type.kind {
        case "Role" where type.group == Self.group, "ClusterRole" where type.group == Self.group:
            allow(["escalate"], type)
        case "RoleBinding" where type.group == Self.group, "ClusterRoleBinding" where type.group == Self.group:
            let isRole = manifest.root["roleRef"]?["kind"]?.string == "Role"
            allow(["bind"], Self.group, isRole ? "roles" : "clusterroles")
        default: break
        }
    }

    public mutating func delete(_ identity: ObjectIdentity) { allow(["get", "delete"], identity.type) }

    /// Adds the permissions to write, and later delete, the ConfigMap of a set.
    private mutating func keep(_ set: ObjectSet) { allow(["get", "create", "patch", "delete"], set.parent.type) }

    /// Adds the permissions to write the ConfigMap of a set, and to delete objects of the manifests' kinds.
    public mutating func prune(_ manifests: [ManifestObject], of set: ObjectSet, includesProtected: Bool) {
        keep(set)
        for type in manifests.map(\.identity.type) {
            if includesProtected || !ObjectSet.isProtected(type) { allow(["get", "delete"], type) }
        }
    }

    /// Adds the permissions to delete the ConfigMap of a set, and the objects in the node's record if there is one.
    public mutating func remove(_ set: ObjectSet, _ record: SetRecord?) {
        keep(set)
        for kind in Set((record?.members ?? []).map(\.kind)) {
            allow(["get", "delete"], GroupVersionKind(group: kind.group, version: "", kind: kind.kind))
        }
    }

    public mutating func observe(_ identity: ObjectIdentity) { allow(["get", "list"], identity.type) }

    /// Adds the permissions to await a rollout, and to list the Pods and Events that explain a slow rollout.
    public mutating func awaitRollout(_ identity: ObjectIdentity) {
        observe(identity)
        for name in ["pods", "events"] { allow(["list"], "", name) }
    }

    public mutating func requestCertificates() {
        allow(["create", "get"], "certificates.k8s.io", "certificatesigningrequests")
    }

    /// Adds the permissions for a task that runs on one node at a time.
    public mutating func holdLease() {
        allow(["get", "create", "update"], ClusterLease.kind.group, "leases")
    }

    /// Adds the permissions to write a condition of a Node, and Events about the Node.
    public mutating func report() {
        allow(["get"], "", "nodes")
        allow(["patch"], "", "nodes/status")
        allow(["create", "patch"], "", "events")
    }

    private mutating func allow(_ verbs: [String], _ type: GroupVersionKind) {
        allow(verbs, type.group, resources.resource(of: type))
    }

    private mutating func allow(_ verbs: [String], _ group: String, _ name: String) {
        self.verbs[Resource(group: group, name: name), default: []].formUnion(verbs)
    }

    /// Returns a ClusterRole with the permissions, and a ClusterRoleBinding of the same name for the user.
    public func objects(user: String, name: String) -> [Node] {
        func list(_ texts: [String]) -> Node { .sequence(texts.map { .string($0) }) }
        func reference(_ kind: String, _ name: String) -> Node {
            .mapping([("apiGroup", .string(Self.group)), ("kind", .string(kind)), ("name", .string(name))])
        }
        func object(_ kind: String, _ content: [(String, Node)]) -> Node {
            let metadata = Node.mapping([("name", .string(name))])
            return .mapping(
                [("apiVersion", .string("\(Self.group)/v1")), ("kind", .string(kind)), ("metadata", metadata)] + content
            )
        }
        let rules = verbs.sorted { ($0.key.group, $0.key.name) < ($1.key.group, $1.key.name) }.map { resource, verbs in
            Node.mapping([
                ("apiGroups", list([resource.group])), ("resources", list([resource.name])),
                ("verbs", list(verbs.sorted())),
            ])
        }
        return [
            object("ClusterRole", [("rules", .sequence(rules))]),
            object(
                "ClusterRoleBinding",
                [("roleRef", reference("ClusterRole", name)), ("subjects", .sequence([reference("User", user)]))]
            ),
        ]
    }
}

/// The plural resource names and the scopes of kinds, determined without a server.
struct ResourceNames: Sendable {
    private var defined: [DefinedKind: String] = [:]
    private var clusterScoped: Set<DefinedKind> = []

    /// Reads the plurals and scopes in the CustomResourceDefinitions among manifests.
    init(_ manifests: [ManifestObject]) {
        for manifest in manifests {
            guard let kind = DefinedKind(manifest), let plural = manifest.root["spec"]?["names"]?["plural"]?.string
            else {
                continue
            }
            defined[kind] = plural
            if manifest.root["spec"]?["scope"]?.string == "Cluster" { clusterScoped.insert(kind) }
        }
    }

    /// Returns the plural from the kind's definition, or the regular English plural if there is no definition.
    func resource(of type: GroupVersionKind) -> String {
        if let plural = defined[DefinedKind(type)] { return plural }
        let name = type.kind.lowercased()
        if name == "endpoints" { return name }
        if name.hasSuffix("y"), !name.hasSuffix("ay"), !name.hasSuffix("ey"), !name.hasSuffix("oy") {
            return name.dropLast() + "ies"
        }
        return ["s", "x", "ch", "sh"].contains(where: name.hasSuffix) ? "\(name)es" : "\(name)s"
    }

    /// Returns whether a kind is namespaced; an unknown kind is assumed to be namespaced.
    func isNamespaced(_ type: GroupVersionKind) -> Bool {
        !type.isClusterScoped && !clusterScoped.contains(DefinedKind(type))
    }
}
