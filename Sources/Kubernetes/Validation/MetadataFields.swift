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
        entries(manifest).compactMap { entry in
            if entry.key == "managedFields", !entry.value.isNull {
                let message = "field 'metadata.managedFields' may be set only by the server"
                return Problem(message, at: entry.location, hint: "remove it")
            }
            if names.contains(entry.key) { return nil }
            return Problem(
                "field 'metadata.\(entry.key)' does not exist",
                at: entry.location,
                hint: nearestName(to: entry.key, in: names).map { "did you mean '\($0)'?" } ?? "remove it",
            )
        }
    }

    /// Returns warnings about fields that tie the manifest to one object or to one state of it.
    static func warnings(_ manifest: ManifestObject) -> [Problem] {
        entries(manifest).filter { !$0.value.isNull && $0.value.string != "" }.compactMap { entry in
            let refused: String
            switch entry.key {
            case "uid":
                refused = "names one existing object, and the server refuses the manifest once that is recreated"
            case "resourceVersion":
                refused = "names one state of the object, and the server refuses the manifest after any change"
            default: return nil
            }
            return Problem("field 'metadata.\(entry.key)' \(refused)", at: entry.location, hint: "remove it")
        }
    }

    private static func entries(_ manifest: ManifestObject) -> [Mapping.Entry] {
        manifest.root["metadata"]?.mapping?.entries ?? []
    }
}
