import Base
import YAML

/// The kinds that CustomResourceDefinitions among manifests define, with the schema of each version.
public struct CustomDefinitions: Sendable {
    private var definitions: [DefinedKind: Definition] = [:]

    /// Reads the definitions among manifests; if several define the same kind, the last one is used.
    public init(_ manifests: some Sequence<ManifestObject>) {
        for manifest in manifests {
            guard let kind = DefinedKind(manifest), let definition = Definition(manifest) else { continue }
            definitions[kind] = definition
        }
    }

    /// Returns a defined kind of the same group with a similar name, or `nil` if the kind itself is defined.
    func nearKind(to type: GroupVersionKind) -> String? {
        let kinds = definitions.keys.lazy.filter { $0.group == type.group }.map(\.kind).sorted()
        return kinds.contains(type.kind) ? nil : nearestName(to: type.kind, in: kinds)
    }

    /// The definition of a custom resource, or `nil` if no manifest contains it.
    subscript(type: GroupVersionKind) -> Definition? {
        definitions[DefinedKind(group: type.group, kind: type.kind)]
    }
}

/// The rules of a CustomResourceDefinition for its custom resources.
struct Definition: Sendable {
    /// One version of the kind.
    struct Version: Sendable {
        var name: String
        var isServed: Bool
        /// The schema, or `nil` if any content is allowed.
        var schema: Node?
        /// Whether the server accepts the status only through the status subresource.
        var hasStatusSubresource: Bool
    }

    private var versions: [Version] = []
    private let location: SourceLocation
    private let keepsUnknownFields: Bool

    init?(_ manifest: ManifestObject) {
        guard let spec = manifest.root["spec"] else { return nil }
        location = manifest.location
        // In `apiextensions.k8s.io/v1beta1` unknown fields are kept unless the definition says otherwise.
        let isOld = manifest.identity.type.version == "v1beta1"
        keepsUnknownFields = spec["preserveUnknownFields"]?.boolean ?? isOld
        let common = spec["validation"]?["openAPIV3Schema"]
        for version in spec["versions"]?.sequence ?? [] {
            guard let name = version["name"]?.string else { continue }
            let status = (version["subresources"] ?? spec["subresources"])?["status"]
            versions.append(
                Version(
                    name: name,
                    isServed: version["served"]?.boolean ?? true,
                    schema: version["schema"]?["openAPIV3Schema"] ?? common,
                    hasStatusSubresource: status != nil,
                )
            )
        }
        if versions.isEmpty, let name = spec["version"]?.string {
            let status = spec["subresources"]?["status"]
            versions = [Version(name: name, isServed: true, schema: common, hasStatusSubresource: status != nil)]
        }
    }

    /// The names of the versions with a status subresource.
    var versionsWithStatusSubresource: Set<String> { Set(versions.filter(\.hasStatusSubresource).map(\.name)) }

    /// Checks a custom resource.
    func problems(of manifest: ManifestObject) -> [Problem] {
        let type = manifest.identity.type
        guard let version = versions.first(where: { $0.name == type.version && $0.isServed }) else {
            let served = versions.filter(\.isServed).map { "'\(type.group)/\($0.name)'" }
            guard !served.isEmpty else { return [] }
            return [
                Problem(
                    .unknownVersion,
                    "kind '\(type.kind)' is not served as '\(type.apiVersion)' "
                        + "(\(location) serves \(served.joined(separator: ", ")))",
                    at: manifest.root["apiVersion"]?.location,
                    hint: "write 'apiVersion: \(served[0].dropFirst().dropLast())'",
                )
            ]
        }
        let name = manifest.root["metadata"]?["name"]?.location ?? manifest.location
        var problems = ObjectNames.problem(manifest.identity.name, .subdomain, "metadata.name", at: name)
        guard let schema = version.schema else { return problems }
        let rules = SchemaCheck.Rules.customResource(
            keepsUnknown: keepsUnknownFields,
            hasStatusSubresource: version.hasStatusSubresource,
        )
        let check = SchemaCheck(
            manifest.root,
            of: type,
            against: Schema(node: schema, name: "", definitions: .none, isStructural: true),
            rules: rules,
        )
        problems += check.faults.map(\.problem)
        return problems
    }
}
