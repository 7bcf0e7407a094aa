import Base
import YAML

/// A server's OpenAPI document, `/openapi/v2`, which describes all kinds that the server supports.
public struct SchemaDocument: Sendable {
    /// The version of the server.
    public let version: KubernetesVersion?

    private let definitions: [String: Node]
    private let names: [GroupVersionKind: String]

    /// Reads a document, or returns `nil` if the text is not an OpenAPI document.
    public init?(json: [UInt8]) {
        guard let node = try? readJSON(json, file: "/openapi/v2"), let mapping = node["definitions"]?.mapping else {
            return nil
        }
        version = node["info"]?["version"]?.string.flatMap(KubernetesVersion.init)
        definitions = Dictionary(mapping.entries.map { ($0.key, $0.value) }) { first, _ in first }
        var names: [GroupVersionKind: String] = [:]
        for entry in mapping.entries {
            for type in entry.value["x-kubernetes-group-version-kind"]?.sequence ?? [] {
                let type = GroupVersionKind(
                    group: type["group"]?.string ?? "",
                    version: type["version"]?.string ?? "",
                    kind: type["kind"]?.string ?? "",
                )
                names[type] = names[type] ?? entry.key
            }
        }
        self.names = names
    }

    /// Returns the schema of a kind, or `nil` if the server does not describe it.
    func schema(of type: GroupVersionKind) -> Schema? {
        names[type].flatMap(SchemaDefinitions { [definitions] in definitions[$0] }.schema)
    }

    /// All types, sorted by group and version.
    var types: [GroupVersionKind] {
        names.keys.sorted { left, right in
            (left.group, left.version, left.kind) < (right.group, right.version, right.kind)
        }
    }

    /// Returns the types of a kind, in any group and version.
    func types(ofKind kind: String) -> [GroupVersionKind] { types.filter { $0.kind == kind } }

    /// Returns the problem with an object of a built-in group if the server lacks the object's kind.
    ///
    /// Kinds may have been added to other groups since the document was fetched.
    func kindProblems(_ manifest: ManifestObject, unlike known: [Problem]) -> [Problem] {
        let type = manifest.identity.type
        let places = [manifest.root["apiVersion"]?.location, manifest.root["kind"]?.location]
        guard type.isBuiltIn, !known.contains(where: { $0.location != nil && places.contains($0.location) }) else {
            return []
        }
        let server = version.map { " (Kubernetes \($0))" } ?? ""
        let message = "the server\(server) has no kind '\(type.kind)' in '\(type.apiVersion)'"
        if let other = type.replacement(among: types(ofKind: type.kind)) {
            return [Problem(.unknownVersion, message, at: places[0], hint: "write 'apiVersion: \(other.apiVersion)'")]
        }
        let kinds = names.keys.filter { $0.group == type.group && $0.version == type.version }.map(\.kind)
        let hint = nearestName(to: type.kind, in: kinds.sorted()).map { "did you mean '\($0)'?" }
        return [Problem(.unknownKind, message, at: places[1], hint: hint)]
    }
}
