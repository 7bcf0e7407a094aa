import Base
import YAML

/// Conversion of a Secret's `stringData`, which is write-only, to `data`.
///
/// The server records the manager of `stringData`, but not the manager of the resulting `data`. A key removed from the
/// manifest would therefore stay, as with `kubectl apply --server-side`, and managers could not share equal values. For
/// this reason, the content is sent as `data`.
enum SecretData {
    /// Returns the form of an object that is sent to the server, with the `stringData` of a Secret as `data`.
    ///
    /// Values that are not strings stay unchanged, and the server refuses them.
    static func sent(_ object: Node) -> Node {
        guard object["apiVersion"]?.string == "v1", object["kind"]?.string == "Secret", var secret = object.mapping,
            let written = secret["stringData"]?.mapping, written.entries.allSatisfy({ $0.value.string != nil })
        else { return object }
        let existing = secret["data"]
        guard var data = existing.map({ $0.isNull ? Mapping() : $0.mapping }) ?? Mapping() else { return object }
        for entry in written.entries {
            let text = Base64.encode(Array((entry.value.string ?? "").utf8))
            data[entry.key] = Node(.string(text), location: entry.value.location)
        }
        let location = existing?.location ?? secret["stringData"]?.location ?? object.location
        secret["stringData"] = nil
        secret["data"] = Node(.mapping(data), location: location)
        return Node(.mapping(secret), location: object.location)
    }

    /// Returns the path in the manifest of a field that the server names.
    static func writtenPath(of path: FieldPath, in manifest: ManifestObject) -> FieldPath {
        let type = manifest.identity.type
        guard type.group.isEmpty, type.kind == "Secret", path.text.hasPrefix("data") else { return path }
        let written = FieldPath("stringData\(path.text.dropFirst("data".count))")
        return written.resolve(in: manifest.root).node == nil ? path : written
    }

    /// Returns conflicts with other managers that applied `stringData`; the server does not detect these conflicts.
    static func conflicts(changing live: Node, to answer: Node) -> [ServerStatus.Cause] {
        guard live["kind"]?.string == "Secret" else { return [] }
        let entries = (live["metadata"]?["managedFields"]?.sequence ?? []).filter { !ManagedMetadata.isOwn($0) }
        return entries.flatMap { entry -> [ServerStatus.Cause] in
            let fields = entry["fieldsV1"]?["f:stringData"]?.mapping?.entries ?? []
            return fields.map { String($0.key.dropFirst(2)) }
                .filter { live["data"]?[$0] != nil && answer["data"]?[$0] != live["data"]?[$0] }
                .map { ServerStatus.Cause(conflictAbout: ".data.\($0)", with: entry["manager"]?.string ?? "") }
        }
    }
}
