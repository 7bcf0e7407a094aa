import Base
public import YAML

/// Minimal permissions to apply, delete and await objects, as RBAC objects.
///
/// A server-side apply names the object even when creating it, so the permission can be limited to that name.
/// Applying a role requires `escalate` on it, or all permissions that it grants; applying a binding requires `bind` on
/// its role.
///
/// Source:
/// <https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping>.
public struct RequiredAccess: Sendable {
    /// A resource in one namespace, or in the whole cluster if the namespace is `nil`.
    private struct Scope: Hashable {
        var namespace: String?
        var group: String
        var resource: String
    }

    private let resources: ResourceNames
    /// The verbs for each object, by its scope and name.
    private var verbs: [Scope: [String: Set<String>]] = [:]
    /// The number of objects that a task applies of collections that are worth a list.
    private var listed: [Scope: Int] = [:]
    /// The verbs that are not limited to object names.
    private var unnamed: [Scope: Set<String>] = [:]

    /// The kinds whose resource name is only guessed from the kind, without duplicates.
    public var guesses: [GroupVersionKind] { resources.guesses(among: types) }
    private var types: [GroupVersionKind] = []

    /// Namespaces that exist in every cluster.
    ///
    /// Permissions in other namespaces are granted cluster-wide, because a Role cannot be created in a namespace that
    /// does not exist yet.
    private static let permanentNamespaces = ["default", "kube-node-lease", "kube-public", "kube-system"]

    private static let group = "rbac.authorization.k8s.io"

    /// Starts with the permissions that every task needs.
    ///
    /// - Parameter manifests: All objects of the node, including its CustomResourceDefinitions.
    public init(definitionsOf manifests: [ManifestObject]) {
        resources = ResourceNames(manifests)
        // The agent waits for this namespace before it applies anything.
        allow(["get"], Scope(namespace: nil, group: "", resource: "namespaces"), "kube-system")
    }

    /// Adds the permissions needed to apply an object.
    ///
    /// - Parameters:
    ///   - manifest: The object.
    ///   - namespace: The kubeconfig's namespace, for objects that specify none.
    public mutating func apply(_ manifest: ManifestObject, namespace: String) {
        let identity = settled(manifest.identity, namespace)
        allow(["get", "patch", "create"], identity)
        allowVerification(of: identity.type)
        allowTreatment(of: manifest, identity)
        if let namespace = identity.namespace {
            allow(["get"], Scope(namespace: nil, group: "", resource: "namespaces"), namespace)
        }
        let spec = manifest.root["spec"]
        if identity.type == GroupVersionKind(group: "", version: "v1", kind: "Service"),
            spec?["clusterIP"] != nil
                || (spec?["ports"]?.sequence ?? []).contains(where: { $0["nodePort"] != nil })
        {
            // Listing Services finds the Service that already has the address or port.
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

    /// Finds the collections of which a task applies eight or more objects, for which a list of metadata is cheaper.
    ///
    /// Nothing is allowed by this, because RBAC has no permission for metadata alone, see ``allowLists()``.
    ///
    /// - Parameters:
    ///   - manifests: The task's objects.
    ///   - namespace: The kubeconfig's namespace, for objects that specify none.
    public mutating func noteLists(of manifests: [ManifestObject], namespace: String) {
        let identities = manifests.map { settled($0.identity, namespace) }.filter { !$0.type.isSecret }
        for objects in Dictionary(grouping: identities, by: { [$0.type.apiVersion, $0.type.kind, $0.namespace] }).values
        where objects.count >= ListedObjects.leastCount {
            let (type, namespace) = (objects[0].type, objects[0].namespace)
            let scope = Scope(namespace: namespace, group: type.group, resource: resources.resource(of: type))
            listed[scope] = max(listed[scope] ?? 0, objects.count)
        }
    }

    /// Adds the permissions to list the collections of ``noteLists(of:namespace:)``, with all that their objects contain.
    public mutating func allowLists() {
        for var scope in listed.keys {
            scope.namespace = scope.namespace.flatMap { Self.permanentNamespaces.contains($0) ? $0 : nil }
            unnamed[scope, default: []].insert("list")
        }
    }

    /// A line for each collection of ``noteLists(of:namespace:)``, which says whose contents a list opens.
    public var listedCollections: [String] {
        listed.map { scope, count in
            let name = scope.group.isEmpty ? scope.resource : "\(scope.resource).\(scope.group)"
            let place =
                scope.namespace.map {
                    Self.permanentNamespaces.contains($0) ? " in namespace \($0)" : " in all namespaces"
                }
            return "\(name)\(place ?? ""): one list instead of \(count) requests"
        }.sorted()
    }

    /// Adds the permissions for what the annotations of a manifest ask for.
    private mutating func allowTreatment(of manifest: ManifestObject, _ identity: ObjectIdentity) {
        guard ObjectAnnotation.replace.isSet(in: manifest.root) else { return }
        allow(["delete"], identity)
        // A dry run of the creation is no apply, and RBAC cannot limit the permission for that to a name.
        allow(["create"], allOf: identity.type, in: identity.namespace)
    }

    /// Adds the permissions needed to detect an unchanged object without a dry run; see ``VerifiedObjects``.
    private mutating func allowVerification(of type: GroupVersionKind) {
        for resource in ["mutatingadmissionpolicies", "mutatingwebhookconfigurations"] {
            let scope = Scope(namespace: nil, group: "admissionregistration.k8s.io", resource: resource)
            unnamed[scope, default: []].insert("list")
        }
        guard !type.isBuiltIn else { return }
        let scope = Scope(namespace: nil, group: "apiextensions.k8s.io", resource: "customresourcedefinitions")
        allow(["get"], scope, "\(resources.resource(of: type)).\(type.group)")
    }

    /// Adds the permission to read an admission policy's parameters.
    ///
    /// The policy and its bindings can be applied only by a user who may read all objects of the parameter kind.
    ///
    /// Source:
    /// <https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/#parameter-resources>.
    private mutating func allowParameters(_ type: GroupVersionKind) {
        if !types.contains(type) { types.append(type) }
        let scope = Scope(namespace: nil, group: type.group, resource: resources.resource(of: type))
        unnamed[scope, default: []].insert("get")
    }

    /// Returns the identity with the namespace in which the server stores the object.
    private func settled(_ identity: ObjectIdentity, _ namespace: String) -> ObjectIdentity {
        var identity = identity
        if !resources.isNamespaced(identity.type) {
            identity.namespace = nil
        } else if identity.namespace == nil {
            identity.namespace = namespace
        }
        return identity
    }

    /// Adds the permissions needed to delete an object; for the namespace see ``apply(_:namespace:)``.
    public mutating func delete(_ identity: ObjectIdentity, namespace: String) {
        allow(["get", "delete"], settled(identity, namespace))
    }

    /// Adds the permissions for the parent of a set.
    public mutating func keep(_ set: ApplySet) { allow(["get", "patch", "create"], set.parent) }

    /// Adds the permissions for a task that prunes objects no longer in its manifests.
    ///
    /// The names of such objects are not known, so the permissions cover all objects of the kinds in the manifests.
    ///
    /// - Parameters:
    ///   - manifests: The task's objects.
    ///   - includesProtected: Whether Namespaces, CustomResourceDefinitions and PersistentVolumeClaims are deleted too.
    ///   - namespace: The kubeconfig's namespace, for objects that specify none.
    public mutating func prune(
        _ manifests: [ManifestObject],
        includesProtected: Bool,
        namespace: String,
    ) {
        for identity in manifests.map({ settled($0.identity, namespace) }) {
            let isDeleted = includesProtected || !ApplySet.isProtected(identity.type)
            allow(isDeleted ? ["list", "get", "delete"] : ["list"], allOf: identity.type, in: identity.namespace)
            // Every set includes the namespace of its parent object.
            if identity.namespace != nil { allow(["list"], allOf: identity.type, in: ApplySet.namespace) }
        }
    }

    /// Adds the permissions to remove a set.
    ///
    /// - Parameters:
    ///   - set: The set.
    ///   - record: The objects that the node has applied, `nil` if it has none.
    public mutating func remove(_ set: ApplySet, _ record: SetRecord?) {
        allow(["get", "patch", "delete"], set.parent)
        for member in record?.members ?? [] {
            let type = GroupVersionKind(group: member.kind.group, version: "", kind: member.kind.kind)
            allow(["list", "get", "delete"], allOf: type, in: member.namespace)
            if member.namespace != nil { allow(["list"], allOf: type, in: ApplySet.namespace) }
        }
    }

    private mutating func allow(_ verbs: [String], allOf type: GroupVersionKind, in namespace: String?) {
        let namespace = namespace.flatMap { Self.permanentNamespaces.contains($0) ? $0 : nil }
        let scope = Scope(namespace: namespace, group: type.group, resource: resources.resource(of: type))
        unnamed[scope, default: []].formUnion(verbs)
    }

    /// Adds the permissions needed to await an object; for the namespace see ``apply(_:namespace:)``.
    public mutating func observe(_ identity: ObjectIdentity, namespace: String) {
        allow(["get", "list", "watch"], settled(identity, namespace))
    }

    /// Adds the permissions needed to await a rollout, and to list pods, their events and nodes for progress reports.
    ///
    /// For the namespace see ``apply(_:namespace:)``.
    public mutating func awaitRollout(_ identity: ObjectIdentity, namespace: String) {
        let identity = settled(identity, namespace)
        observe(identity, namespace: namespace)
        let namespace = identity.namespace.flatMap { Self.permanentNamespaces.contains($0) ? $0 : nil }
        for resource in ["pods", "events"] {
            unnamed[Scope(namespace: namespace, group: "", resource: resource), default: []].insert("list")
        }
        if identity.type.kind == "Deployment" {
            unnamed[Scope(namespace: namespace, group: "apps", resource: "replicasets"), default: []].insert("list")
        }
        unnamed[Scope(namespace: nil, group: "", resource: "nodes"), default: []].insert("list")
    }

    /// Adds the permissions needed to request certificates, whose names differ each time.
    public mutating func requestCertificates() {
        let scope = Scope(namespace: nil, group: "certificates.k8s.io", resource: "certificatesigningrequests")
        unnamed[scope, default: []].formUnion(["create", "get", "watch"])
    }

    /// Adds the permissions for a task that runs on one node at a time.
    ///
    /// RBAC cannot limit the permission to create the Lease to a name.
    public mutating func hold(lease name: String, namespace: String) {
        let scope = Scope(namespace: namespace, group: ClusterLease.kind.group, resource: "leases")
        allow(["get", "update", "watch"], scope, name)
        unnamed[scope, default: []].insert("create")
    }

    /// Adds the permissions needed to report the node's state.
    ///
    /// The permissions cover all Nodes, because only the kubelet's name determines which of them is this node's.
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

    /// Creates the roles and their bindings.
    ///
    /// - Parameters:
    ///   - user: The user that the roles are bound to.
    ///   - name: The name of the roles and bindings.
    /// - Returns: The objects, with cluster-wide objects first.
    public func objects(user: String, name: String) -> [Node] {
        let scopes = Set(verbs.keys).union(unnamed.keys)
        let namespaces = [nil] + Set(scopes.compactMap(\.namespace)).sorted().map(Optional.some)
        return namespaces.flatMap { namespace in
            let inNamespace = scopes.filter { $0.namespace == namespace }
                .sorted { ($0.group, $0.resource) < ($1.group, $1.resource) }
            return pair(user, name, namespace, rules: inNamespace.flatMap(rules))
        }
    }

    /// The rules of one resource; objects with the same verbs share a rule.
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

/// Resource names of kinds, determined without asking a server: the plurals in paths and in RBAC rules.
struct ResourceNames: Sendable {
    private var defined: [DefinedKind: String] = [:]
    private var clusterScoped: Set<DefinedKind> = []

    /// The API server's own groups, in which every resource name is the regular plural of its kind.
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

    /// Returns a kind's resource name: the plural from its definition, or else the regular plural.
    func resource(of type: GroupVersionKind) -> String {
        if let plural = defined[DefinedKind(type)] { return plural }
        let name = type.kind.lowercased()
        if name == "endpoints" { return name }
        if name.hasSuffix("y"), !name.hasSuffix("ay"), !name.hasSuffix("ey"), !name.hasSuffix("oy") {
            return name.dropLast() + "ies"
        }
        return ["s", "x", "ch", "sh"].contains(where: name.hasSuffix) ? "\(name)es" : "\(name)s"
    }

    /// Returns whether a kind is namespaced, as assumed for every kind not known to be cluster-scoped.
    func isNamespaced(_ type: GroupVersionKind) -> Bool {
        !type.isClusterScoped && !clusterScoped.contains(DefinedKind(type))
    }

    /// Returns the kinds outside the API server's own groups whose resource name no definition specifies.
    func guesses(among types: [GroupVersionKind]) -> [GroupVersionKind] {
        types.filter { type in
            !Self.groups.contains(type.group) && !type.group.hasSuffix(".k8s.io") && defined[DefinedKind(type)] == nil
        }
    }
}
