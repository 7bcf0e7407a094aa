public import Base

/// Objects that are described by several manifests.
public enum Repetitions {
    /// Groups manifests by object, in the order of the first manifest of each object.
    ///
    /// - Parameters:
    ///   - manifests: The manifests.
    ///   - defaultNamespace: The namespace of objects that do not specify one.
    /// - Returns: The manifests of each object, in the order of their locations.
    public static func sets(of manifests: [ManifestObject], defaultNamespace: String) -> [[ManifestObject]] {
        var positions: [ObjectIdentity.Key: Int] = [:]
        var sets: [[ManifestObject]] = []
        for manifest in manifests {
            let key = manifest.identity.key(defaultNamespace: defaultNamespace)
            if let position = positions[key] {
                sets[position].append(manifest)
            } else {
                positions[key] = sets.count
                sets.append([manifest])
            }
        }
        return sets.map { $0.count == 1 ? $0 : $0.sorted { $0.location < $1.location } }
    }

    /// Returns whether the manifests of one object are equal, so that it does not matter which of them is applied.
    public static func areEqual(_ set: [ManifestObject]) -> Bool {
        guard set.count > 1, let first = set.first?.loaded.root else { return true }
        return set.dropFirst().allSatisfy { $0.loaded.root == first }
    }

    /// Returns a problem for each manifest of one object except the first.
    public static func problems(of set: [ManifestObject]) -> [Problem] {
        zip(set.dropFirst(), faults(of: set)).map { manifest, fault in
            Problem(.repeatedItem, "\(manifest.identity): \(fault.message)", at: fault.location, hint: fault.hint)
        }
    }

    /// Returns a fault for each manifest of one object except the first.
    static func faults(of set: [ManifestObject]) -> [ObjectFailure.Fault] {
        guard let first = set.first else { return [] }
        return set.dropFirst().map { manifest in
            let versions = [first, manifest].map(\.identity.type.apiVersion)
            let other = versions[0] == versions[1] ? "" : " (as '\(versions[0])' and as '\(versions[1])')"
            let isIgnored =
                first.identity.namespace != manifest.identity.namespace && first.identity.type.isClusterScoped
            let scope = isIgnored ? " (a \(manifest.identity.type.kind) has no namespace)" : ""
            let detail = areEqual(set) ? ", identically" : other + scope
            return ObjectFailure.Fault(
                location: manifest.location,
                message: "described twice, at \(first.location) and here\(detail)",
                hint: "remove one of them",
                code: .repeatedItem,
            )
        }
    }
}
