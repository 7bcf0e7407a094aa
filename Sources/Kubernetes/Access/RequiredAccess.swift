import Base
public import YAML

/// The smallest permissions with which objects can be applied, deleted and awaited, as RBAC objects.
///
/// Server-side apply names the object also when it creates it, so that every permission can be limited to names. To
/// apply a role, a user needs `escalate` on it or everything that it allows; to apply a binding, `bind` on its role.
///
/// Source: <https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping>.
public struct RequiredAccess: Sendable {
    /// A resource in one namespace, or in the whole cluster where the namespace is `nil`.
    private struct Scope: Hashable {
        var namespace: String?
        var group: String
        var resource: String
    }

    private let resources: ResourceNames
    /// The verbs for each object.
    private var verbs: [Scope: [String: Set<String>]] = [:]
    /// Permissions without names of objects.
    private var unnamed: [Scope: Set<String>] = [:]

    /// The kinds whose resource is only guessed from the kind's name, each once.
    public var guesses: [GroupVersionKind] { resources.guesses(among: types) }
    private var types: [GroupVersionKind] = []

    /// The namespaces that every cluster has; permissions in others are those of the whole cluster, because a role cannot
    /// be in a namespace that does not exist yet.
    private static let permanentNamespaces = ["default", "kube-node-lease", "kube-public", "kube-system"]

    private static let group = "rbac.authorization.k8s.io"

    /// Starts with what every task needs.
    ///
    /// - Parameter manifests: All objects of the node, among them the definitions of custom resources.
    public init(definitionsOf manifests: [ManifestObject]) {
        resources = ResourceNames(manifests)
        // The agent waits for this namespace before it applies anything.
        allow(["get"], Scope(namespace: nil, group: "", resource: "namespaces"), "kube-system")
    }

    /// Adds what an object needs that is applied.
    ///
    /// - Parameters:
    ///   - manifest: The object.
    ///   - namespace: The namespace of the kubeconfig, for objects that name none.
    public mutating func apply(_ manifest: ManifestObject, namespace: String) {
        let identity = settled(manifest.identity, namespace)
        allow(["get", "patch", "create"], identity)
        allowVerification(of: identity.type)
        if let namespace = identity.namespace {
            allow(["get"], Scope(namespace: nil, group: "", resource: "namespaces"), namespace)
        }
        let spec = manifest.root["spec"]
        if identity.type == GroupVersionKind(group: "", version: "v1", kind: "Service"),
            spec?["clusterIP"] != nil
                || (spec?["ports"]?.sequence ?? []).contains(where: { $0["nodePort"] != nil })
        {
            // To find the Service that has the address or port already.
            unnamed[Scope(namespace: nil, group: "", resource: "services"), default: []].insert("list")
        }
        if identity.type.group == "admissionregistration.k8s.io", let kind = spec?["paramKind"] {
            allowParameters(
                GroupVersionKind(apiVersion: kind["apiVersion"]?.string ?? "", kind: kind["kind"]?.string ?? "")
            )
        }
        guard identity.type.group == Self.group else { return }
        switch identity.type.kind {
        case "Role", "ClusterRole": allow(["escalate"], identity)
        case "RoleBinding", "ClusterRoleBinding":
            guard let kind = manifest.root["roleRef"]?["kind"]?.string,
                let name = manifest.root["roleRef"]?["name"]?.string
            else { return }
            let namespace = kind == "Role" ? identity.namespace : nil
            let type = GroupVersionKind(group: Self.group, version: identity.type.version, kind: kind)
            allow(["bind"], ObjectIdentity(type: type, namespace: namespace, name: name))
        default: break
        }
    }

    /// Adds what is needed to know without a dry run that an object is still unchanged; see ``VerifiedObjects``.
    private mutating func allowVerification(of type: GroupVersionKind) {
        for resource in ["mutatingadmissionpolicies", "mutatingwebhookconfigurations"] {
            let scope = Scope(namespace: nil, group: "admissionregistration.k8s.io", resource: resource)
            unnamed[scope, default: []].insert("list")
        }
        guard !type.isBuiltIn else { return }
        let scope = Scope(namespace: nil, group: "apiextensions.k8s.io", resource: "customresourcedefinitions")
        allow(["get"], scope, "\(resources.resource(of: type)).\(type.group)")
    }

    /// Adds what an admission policy needs that has parameters, and its bindings: to read any of them.
    ///
    /// Source: <https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/#parameter-resources>.
    private mutating func allowParameters(_ type: GroupVersionKind) {
        if !types.contains(type) { types.append(type) }
        let scope = Scope(namespace: nil, group: type.group, resource: resources.resource(of: type))
        unnamed[scope, default: []].insert("get")
    }

    /// The identity with the namespace that the server gives it.
    private func settled(_ identity: ObjectIdentity, _ namespace: String) -> ObjectIdentity {
        var identity = identity
        if !resources.isNamespaced(identity.type) {
            identity.namespace = nil
        } else if identity.namespace == nil {
            identity.namespace = namespace
        }
        return identity
    }

    /// Adds what an object needs that is deleted; for the namespace see ``apply(_:namespace:)``.
    public mutating func delete(_ identity: ObjectIdentity, namespace: String) {
        allow(["get", "delete"], settled(identity, namespace))
    }

    /// Adds what a task needs that deletes what its manifests no longer contain.
    ///
    /// The names of these objects are not known: the permissions are for all objects of the kinds in the manifests.
    ///
    /// - Parameters:
    ///   - manifests: The objects of the task.
    ///   - set: Its ApplySet.
    ///   - includesProtected: Whether Namespaces, CustomResourceDefinitions and PersistentVolumeClaims are deleted too.
    ///   - namespace: The namespace of the kubeconfig, for objects that name none.
    public mutating func prune(
        _ manifests: [ManifestObject],
        of set: ApplySet,
        includesProtected: Bool,
        namespace: String,
    ) {
        allow(["get", "patch", "create"], set.parent)
        for identity in manifests.map({ settled($0.identity, namespace) }) {
            let isDeleted = includesProtected || !ApplySet.isProtected(identity.type)
            allow(isDeleted ? ["list", "get", "delete"] : ["list"], allOf: identity.type, in: identity.namespace)
            // The namespace of the parent belongs to every set.
            if identity.namespace != nil { allow(["list"], allOf: identity.type, in: ApplySet.namespace) }
        }
    }

    private mutating func allow(_ verbs: [String], allOf type: GroupVersionKind, in namespace: String?) {
        let namespace = namespace.flatMap { Self.permanentNamespaces.contains($0) ? $0 : nil }
        let scope = Scope(namespace: namespace, group: type.group, resource: resources.resource(of: type))
        unnamed[scope, default: []].formUnion(verbs)
    }

    /// Adds what an object needs that is awaited; for the namespace see ``apply(_:namespace:)``.
    public mutating func observe(_ identity: ObjectIdentity, namespace: String) {
        allow(["get", "list", "watch"], settled(identity, namespace))
    }

    /// Adds what the reports of a rollout need: pods, their events, and nodes; for the namespace see
    /// ``apply(_:namespace:)``.
    public mutating func awaitRollout(_ identity: ObjectIdentity, namespace: String) {
        let identity = settled(identity, namespace)
        observe(identity, namespace: namespace)
        let namespace = identity.namespace.flatMap { Self.permanentNamespaces.contains($0) ? $0 : nil }
        for resource in ["pods", "events"] {
            unnamed[Scope(namespace: namespace, group: "", resource: resource), default: []].insert("list")
        }
        unnamed[Scope(namespace: nil, group: "", resource: "nodes"), default: []].insert("list")
    }

    /// Adds what a request for a certificate needs: its name is another one each time.
    public mutating func requestCertificates() {
        let scope = Scope(namespace: nil, group: "certificates.k8s.io", resource: "certificatesigningrequests")
        unnamed[scope, default: []].formUnion(["create", "get", "watch"])
    }

    /// Adds what a task needs that runs on one node at a time: its name cannot limit who creates a Lease.
    public mutating func hold(lease name: String, namespace: String) {
        let scope = Scope(namespace: namespace, group: ClusterLease.kind.group, resource: "leases")
        allow(["get", "update", "watch"], scope, name)
        unnamed[scope, default: []].insert("create")
    }

    /// Adds what a report of the state of the node needs.
    ///
    /// For all Nodes: only the name of a kubelet says which Node is its own.
    public mutating func report() {
        unnamed[Scope(namespace: nil, group: "", resource: "nodes"), default: []].insert("get")
        unnamed[Scope(namespace: nil, group: "", resource: "nodes/status"), default: []].insert("patch")
        let events = Scope(namespace: NodeReports.eventNamespace, group: "", resource: "events")
        unnamed[events, default: []].formUnion(["create", "patch"])
    }

    private mutating func allow(_ verbs: [String], _ identity: ObjectIdentity) {
        let namespace = identity.namespace.flatMap { Self.permanentNamespaces.contains($0) ? $0 : nil }
        if !types.contains(identity.type) { types.append(identity.type) }
        let resource = resources.resource(of: identity.type)
        allow(verbs, Scope(namespace: namespace, group: identity.type.group, resource: resource), identity.name)
    }

    private mutating func allow(_ verbs: [String], _ scope: Scope, _ name: String) {
        self.verbs[scope, default: [:]][name, default: []].formUnion(verbs)
    }

    /// Makes the roles and their bindings.
    ///
    /// - Parameters:
    ///   - user: The user to which they are bound.
    ///   - name: The name of the roles and bindings.
    /// - Returns: The objects, first those of the whole cluster.
    public func objects(user: String, name: String) -> [Node] {
        let scopes = Set(verbs.keys).union(unnamed.keys)
        let namespaces = [nil] + Set(scopes.compactMap(\.namespace)).sorted().map(Optional.some)
        return namespaces.flatMap { namespace in
            let inNamespace = scopes.filter { $0.namespace == namespace }
                .sorted { ($0.group, $0.resource) < ($1.group, $1.resource) }
            return pair(user, name, namespace, rules: inNamespace.flatMap(rules))
        }
    }

    /// The rules of one resource: objects with the same verbs share one.
    private func rules(_ scope: Scope) -> [Node] {
        let byVerbs = Dictionary(grouping: verbs[scope] ?? [:]) { $0.value.sorted() }
        let named = byVerbs.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { verbs, objects in
            rule(scope, verbs, names: objects.map(\.key).sorted())
        }
        return named + (unnamed[scope].map { [rule(scope, $0.sorted(), names: [])] } ?? [])
    }

    private func rule(_ scope: Scope, _ verbs: [String], names: [String]) -> Node {
        let list = { (texts: [String]) in Node.sequence(texts.map { .string($0) }) }
        let pairs = [("apiGroups", list([scope.group])), ("resources", list([scope.resource])), ("verbs", list(verbs))]
        return .mapping(pairs + (names.isEmpty ? [] : [("resourceNames", list(names))]))
    }

    /// A role and its binding.
    private func pair(_ user: String, _ name: String, _ namespace: String?, rules: [Node]) -> [Node] {
        let kind = namespace == nil ? "ClusterRole" : "Role"
        let place = namespace.map { [("namespace", Node.string($0))] } ?? []
        let start = { (kind: String) in
            [
                ("apiVersion", Node.string("\(Self.group)/v1")), ("kind", .string(kind)),
                ("metadata", .mapping([("name", .string(name))] + place)),
            ]
        }
        let reference = Node.mapping([
            ("apiGroup", .string(Self.group)), ("kind", .string(kind)), ("name", .string(name)),
        ])
        let subject = Node.mapping([
            ("apiGroup", .string(Self.group)), ("kind", .string("User")), ("name", .string(user)),
        ])
        return [
            .mapping(start(kind) + [("rules", .sequence(rules))]),
            .mapping(start("\(kind)Binding") + [("roleRef", reference), ("subjects", .sequence([subject]))]),
        ]
    }
}

/// The resources of kinds without asking a server: the plural names in paths and in RBAC rules.
struct ResourceNames: Sendable {
    private var defined: [DefinedKind: String] = [:]
    private var clusterScoped: Set<DefinedKind> = []

    /// The groups of the API server itself, in which every resource is the regular plural of its kind.
    private static let groups = ["", "apps", "autoscaling", "batch", "extensions", "policy"]

    /// Reads the plurals of the CustomResourceDefinitions among manifests.
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

    /// The resource of a kind: as its definition says, otherwise the regular plural.
    func resource(of type: GroupVersionKind) -> String {
        if let plural = defined[DefinedKind(type)] { return plural }
        let name = type.kind.lowercased()
        if name == "endpoints" { return name }
        if name.hasSuffix("y"), !name.hasSuffix("ay"), !name.hasSuffix("ey"), !name.hasSuffix("oy") {
            return name.dropLast() + "ies"
        }
        return ["s", "x", "ch", "sh"].contains(where: name.hasSuffix) ? "\(name)es" : "\(name)s"
    }

    /// Whether objects of a kind are in namespaces; also if no definition says it, as most are.
    func isNamespaced(_ type: GroupVersionKind) -> Bool {
        !type.isClusterScoped && !clusterScoped.contains(DefinedKind(type))
    }

    /// The kinds whose resource no definition says, and that are not in a group of the API server itself.
    func guesses(among types: [GroupVersionKind]) -> [GroupVersionKind] {
        types.filter { type in
            !Self.groups.contains(type.group) && !type.group.hasSuffix(".k8s.io") && defined[DefinedKind(type)] == nil
        }
    }
}
