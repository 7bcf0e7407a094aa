import Base
import YAML

/// The kind that a CustomResourceDefinition defines, in whatever version.
public struct DefinedKind: Sendable, Hashable {
    /// The API group.
    public var group: String
    public var kind: String

    init(group: String, kind: String) {
        self.group = group
        self.kind = kind
    }

    public init(_ type: GroupVersionKind) {
        self.init(group: type.group, kind: type.kind)
    }

    /// The kind of a type; built-in kinds that have moved between groups, such as Ingress, are the same in all of them.
    public init(inAnyBuiltInGroup type: GroupVersionKind) {
        self.init(group: type.isBuiltIn ? "" : type.group, kind: type.kind)
    }

    /// Reads the kind that a manifest defines, `nil` if it is not a complete CustomResourceDefinition.
    public init?(_ manifest: ManifestObject) {
        guard manifest.identity.isCustomResourceDefinition, let spec = manifest.root["spec"],
            let group = spec["group"]?.string, let kind = spec["names"]?["kind"]?.string
        else { return nil }
        self.init(group: group, kind: kind)
    }

    /// The type that a CustomResourceDefinition defines, in the first version that is served.
    static func servedType(of manifest: ManifestObject) -> GroupVersionKind? {
        let versions = manifest.root["spec"]?["versions"]?.sequence ?? []
        let served = versions.first { $0["served"]?.boolean == true }?["name"]?.string
        // apiextensions.k8s.io/v1beta1 may name the only version without a list.
        let version = served ?? (versions.isEmpty ? manifest.root["spec"]?["version"]?.string : nil)
        guard let kind = DefinedKind(manifest), let version, ObjectIdentifiers.isGroup(kind.group),
            ObjectIdentifiers.isVersion(version)
        else { return nil }
        return GroupVersionKind(group: kind.group, version: version, kind: kind.kind)
    }
}
