import TLS
import YAML

/// Everything on which it depends whether applying a manifest changes an object.
///
/// * The manifest as it is sent.
/// * The object with its UID and the managers of its fields. What is left out is the status, which an apply does not change,
///   with its share of the managed fields, their times, and the resource version, which changes with the status.
/// * The version of the server, which decides about defaults.
/// * For a custom resource, the UID and the generation of its definition.
struct ApplyInputs {
    let body: Node
    let live: Node
    let serverVersion: String
    let definition: String

    /// The SHA-256 digest of all of it.
    var digest: String {
        var digest = SHA256Digest()
        for part in [body.json(), Self.withoutStatus(live).json(), Array(serverVersion.utf8), Array(definition.utf8)] {
            // With its length, so that no part can be mistaken for the beginning of the next one.
            digest.update(Array("\(part.count) ".utf8))
            digest.update(part)
        }
        return digest.finish()
    }

    /// An object without what changes together with its status.
    static func withoutStatus(_ object: Node) -> Node {
        guard var mapping = object.mapping else { return object }
        mapping["status"] = nil
        if let metadata = mapping["metadata"], var fields = metadata.mapping {
            fields["resourceVersion"] = nil
            if let managed = fields["managedFields"]?.sequence {
                fields["managedFields"] = .sequence(managed.compactMap(withoutStatus(entry:)))
            }
            mapping["metadata"] = Node(.mapping(fields), location: metadata.location)
        }
        return Node(.mapping(mapping), location: object.location)
    }

    /// An entry of managed fields without its time and the fields of the status, `nil` if it has no other fields.
    ///
    /// Servers before 1.22 do not name the subresource of an entry, and have one for all fields of a manager.
    private static func withoutStatus(entry: Node) -> Node? {
        guard var mapping = entry.mapping else { return entry }
        mapping["time"] = nil
        if let fields = mapping["fieldsV1"], var fieldSet = fields.mapping, fieldSet["f:status"] != nil {
            fieldSet["f:status"] = nil
            guard !fieldSet.entries.isEmpty else { return nil }
            mapping["fieldsV1"] = Node(.mapping(fieldSet), location: fields.location)
        }
        return Node(.mapping(mapping), location: entry.location)
    }
}
