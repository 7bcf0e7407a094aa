import Base
import YAML

/// The fields of `metadata`, which are the same in every kind.
enum MetadataFields {
    private static let names = [
        "name", "namespace", "labels", "annotations", "finalizers", "ownerReferences", "generateName", "uid",
        "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds",
        "managedFields", "selfLink", "clusterName",
    ]

    static func problems(_ manifest: ManifestObject) -> [Problem] {
        (manifest.root["metadata"]?.mapping?.entries ?? []).filter { !names.contains($0.key) }.map { entry in
            Problem(
                "field 'metadata.\(entry.key)' does not exist",
                at: entry.location,
                hint: nearestName(to: entry.key, in: names).map { "did you mean '\($0)'?" } ?? "remove it",
            )
        }
    }
}
