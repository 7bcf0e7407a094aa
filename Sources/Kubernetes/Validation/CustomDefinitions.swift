import Base

/// The kinds that CustomResourceDefinitions among manifests define, with the schema of each version.
public struct CustomDefinitions: Sendable {
    private var definitions: [DefinedKind: Definition] = [:]

    /// Reads the definitions among manifests; if several define the same kind, the last one is used.
    public init(_ manifests: some Sequence<ManifestObject>) {
        for manifest in manifests {
            guard let kind = DefinedKind(manifest) else { continue }
            definitions[kind] = Definition(manifest)
        }
    }

    /// The definition of a custom resource, or `nil` if no manifest contains it.
    subscript(type: GroupVersionKind) -> Definition? {
        definitions[DefinedKind(group: type.group, kind: type.kind)]
    }
}

/// The versions of a CustomResourceDefinition.
struct Definition: Sendable {
    /// The schemas of the versions that are served, `nil` for one that allows any content.
    private var schemas: [(version: String, schema: Node?)] = []
    private let location: SourceLocation

    init(_ manifest: ManifestObject) {
        let spec = manifest.root["spec"]
        location = manifest.location
        for version in spec?["versions"]?.sequence ?? [] where version["served"]?.boolean != false {
            schemas.append((version["name"]?.string ?? "", version["schema"]?["openAPIV3Schema"]))
        }
    }

    /// Checks a custom resource.
    func problems(of manifest: ManifestObject) -> [Problem] {
        let type = manifest.identity.type
        if let version = schemas.first(where: { $0.version == type.version }) {
            guard let node = version.schema else { return [] }
            return SchemaCheck(manifest.root, of: type, against: Schema(node: node, isStructural: true)).problems
        }
        guard let first = schemas.first else { return [] }
        let served = quotedList(schemas.map { "\(type.group)/\($0.version)" })
        let message = "kind '\(type.kind)' is not served as '\(type.apiVersion)' (\(location) serves \(served))"
        let hint = "write 'apiVersion: \(type.group)/\(first.version)'"
        return [Problem(message, at: manifest.root["apiVersion"]?.location, hint: hint)]
    }
}
