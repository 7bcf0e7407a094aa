public import Base

/// The distinct objects of manifests, and the manifests of objects that are described more than once.
public struct DistinctObjects: Sendable {
    /// The manifest at the first location of each object, in the order in which the objects first occur.
    public private(set) var objects: [ManifestObject] = []

    /// For each object with several manifests, by its index in ``objects``: the manifests, sorted by location.
    public private(set) var repetitions: [Int: [ManifestObject]] = [:]

    /// Groups manifests by object; `defaultNamespace` applies to manifests that specify no namespace.
    public init(of manifests: [ManifestObject], defaultNamespace: String) {
        var positions: [ObjectIdentity.Key: Int] = [:]
        for manifest in manifests {
            let key = manifest.identity.key(defaultNamespace: defaultNamespace)
            if let position = positions[key] {
                let first = objects[position]
                repetitions[position, default: [first]].append(manifest)
            } else {
                positions[key] = objects.count
                objects.append(manifest)
            }
        }
        repetitions = repetitions.mapValues { set in set.sorted { $0.location < $1.location } }
        for (position, set) in repetitions { objects[position] = set[0] }
    }

    /// Returns whether all manifests of an object are equal.
    public static func areEqual(_ set: [ManifestObject]) -> Bool {
        set.dropFirst().allSatisfy { $0.root == set[0].root }
    }

    /// Returns a problem for each manifest of one object except the first.
    public static func problems(of set: [ManifestObject]) -> [Problem] {
        zip(set.dropFirst(), faults(of: set)).map { manifest, fault in fault.naming(manifest.identity) }
    }

    /// Returns the same problems as ``problems(of:)``, without the name of the object.
    static func faults(of set: [ManifestObject]) -> [Problem] {
        guard let first = set.first else { return [] }
        return set.dropFirst().map { manifest in
            let versions = [first, manifest].map(\.identity.type.apiVersion)
            let other = versions[0] == versions[1] ? "" : " (as '\(versions[0])' and as '\(versions[1])')"
            let isIgnored =
                first.identity.namespace != manifest.identity.namespace && first.identity.type.isClusterScoped
            let scope = isIgnored ? " (a \(manifest.identity.type.kind) has no namespace)" : ""
            let detail = areEqual(set) ? ", identically" : other + scope
            let message = "described twice, at \(first.location) and here\(detail)"
            return Problem(message, at: manifest.location, hint: "remove one of them")
        }
    }
}
