import Base
import YAML

/// Finds bindings that let nodes, all users or all pods read Secrets.
///
/// The known roles are the default roles of every API server, and the roles among the checked manifests.
public struct SecretReaders: Sendable {
    /// A role that may be bound; the namespace is empty for a ClusterRole.
    private struct Role: Hashable {
        var kind: String
        var namespace: String
        var name: String
    }

    private var roles: Set<Role>

    /// The ClusterRoles of every API server that allow reading all Secrets where they are bound.
    ///
    /// Source: <https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings>.
    private static let builtIn = ["admin", "cluster-admin", "edit", "system:node"]

    /// Reads the roles among manifests.
    public init(_ manifests: some Sequence<ManifestObject>) {
        roles = Set(Self.builtIn.map { Role(kind: "ClusterRole", namespace: "", name: $0) })
        for manifest in manifests where manifest.identity.type.group == Self.group && Self.readsSecrets(manifest) {
            let identity = manifest.identity
            let namespace = identity.type.kind == "Role" ? identity.namespace ?? "" : ""
            roles.insert(Role(kind: identity.type.kind, namespace: namespace, name: identity.name))
        }
    }

    private static let group = "rbac.authorization.k8s.io"

    /// Returns whether a Role or ClusterRole allows reading Secrets of any name.
    private static func readsSecrets(_ manifest: ManifestObject) -> Bool {
        guard ["Role", "ClusterRole"].contains(manifest.identity.type.kind) else { return false }
        return (manifest.root["rules"]?.sequence ?? []).contains { rule in
            let contains = { (key: String, wanted: [String]) in
                (rule[key]?.sequence ?? []).contains { $0.string.map(wanted.contains) ?? false }
            }
            return contains("apiGroups", ["", "*"]) && contains("resources", ["secrets", "*"])
                && contains("verbs", ["get", "list", "watch", "*"]) && rule["resourceNames"]?.sequence?.isEmpty ?? true
        }
    }

    /// Returns a warning for every subject of a binding that lets nodes, all users or all pods read Secrets.
    func warnings(_ manifest: ManifestObject) -> [Problem] {
        let identity = manifest.identity
        guard identity.type.group == Self.group, ["RoleBinding", "ClusterRoleBinding"].contains(identity.type.kind),
            let role = manifest.root["roleRef"], let kind = role["kind"]?.string, let name = role["name"]?.string
        else { return [] }
        let isOfNamespace = identity.type.kind == "RoleBinding"
        let namespace = kind == "Role" ? identity.namespace ?? "" : ""
        guard roles.contains(Role(kind: kind, namespace: namespace, name: name)) else { return [] }
        let secrets = isOfNamespace ? "every Secret of its namespace" : "every Secret of the cluster"
        return (manifest.root["subjects"]?.sequence ?? []).compactMap { node in
            guard let subject = Subject(node) else { return nil }
            return Problem(
                .readableSecrets,
                "\(subject.reader) may read \(secrets), because \(subject.text) has \(kind) '\(name)'",
                at: node["name"]?.location ?? manifest.location,
                hint: subject.hint,
            )
        }
    }
}

/// The subject of a binding: the nodes, all users, or the pods of a namespace or of the cluster.
private struct Subject {
    /// The description of the subject in messages.
    let reader: String
    /// The kind and name of the subject.
    let text: String
    let hint: String

    init?(_ node: Node) {
        guard let kind = node["kind"]?.string, let name = node["name"]?.string else { return nil }
        text = "\(kind.lowercased()) '\(name)'"
        switch (kind, name) {
        case ("Group", "system:nodes"):
            reader = "every node"
            hint = Self.nodeHint
        case ("User", _) where name.hasPrefix("system:node:"):
            reader = "node '\(name.dropFirst("system:node:".count))'"
            hint = Self.nodeHint
        case ("Group", "system:unauthenticated"), ("User", "system:anonymous"):
            reader = "everybody, without credentials,"
            hint = Self.otherHint
        case ("Group", "system:authenticated"):
            reader = "every user and every pod"
            hint = Self.otherHint
        case ("Group", _) where name == "system:serviceaccounts" || name.hasPrefix("system:serviceaccounts:"):
            let namespace = name.split(separator: ":").dropFirst(2).first
            reader = "every pod\(namespace.map { " of namespace '\($0)'" } ?? "")"
            hint = Self.otherHint
        default:
            return nil
        }
    }

    private static let nodeHint =
        "remove it: with --authorization-mode=Node,RBAC the API server gives each node what its pods need"
    private static let otherHint = "bind the role to the users and ServiceAccounts that need it"
}
