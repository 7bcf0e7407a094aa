import YAML

/// The kind that a CustomResourceDefinition brings.
public struct DefinedKind: Sendable, Hashable {
    /// The API group.
    public var group: String
    /// The kind.
    public var kind: String
    /// The plural name.
    var plural: String = ""
    /// The versions that are served.
    var servedVersions: [String] = []

    init(group: String, kind: String) {
        self.group = group
        self.kind = kind
    }

    /// Reads the kind that a manifest defines, `nil` if it is no complete CustomResourceDefinition.
    public init?(_ manifest: Manifest) {
        guard manifest.identity.isCustomResourceDefinition, let spec = manifest.root["spec"],
            let group = spec["group"]?.string, let kind = spec["names"]?["kind"]?.string
        else { return nil }
        self.init(group: group, kind: kind)
        plural = spec["names"]?["plural"]?.string ?? ""
        servedVersions = (spec["versions"]?.sequence ?? [])
            .filter { $0["served"]?.boolean == true }
            .compactMap { $0["name"]?.string }
    }

    /// The group and kind as one text.
    var key: String { "\(group)/\(kind)" }
}
