import YAML

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
