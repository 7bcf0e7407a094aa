import Base

/// The group, version and kind of an object.
public struct GroupVersionKind: Sendable, Hashable, CustomStringConvertible {
    /// The API group, empty for the core group.
    public var group: String

    var version: String
    var kind: String

    public init(group: String, version: String, kind: String) {
        self.group = group
        self.version = version
        self.kind = kind
    }

    public init(apiVersion: String, kind: String) {
        let parts = apiVersion.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        self.group = parts.count == 2 ? String(parts[0]) : ""
        self.version = String(parts.last ?? "")
        self.kind = kind
    }

    /// The group and version as written in an object, such as `apps/v1` or `v1`.
    var apiVersion: String {
        group.isEmpty ? version : "\(group)/\(version)"
    }

    /// The path of the group and version on the server.
    var path: String {
        let version = APIClient.percentEncoded(version)
        return group.isEmpty ? "/api/\(version)" : "/apis/\(APIClient.percentEncoded(group))/\(version)"
    }

    var isCustomResourceDefinition: Bool { group == "apiextensions.k8s.io" && kind == "CustomResourceDefinition" }

    var isSecret: Bool { group.isEmpty && kind == "Secret" }

    /// The kind with its group and version, such as `DaemonSet (apps/v1)`.
    public var description: String {
        "\(kind) (\(apiVersion))"
    }
}

/// The type, namespace and name that identify an object in a cluster.
public struct ObjectIdentity: Sendable, Hashable, CustomStringConvertible {
    public var type: GroupVersionKind

    /// The namespace in the manifest or on the server, or `nil` if there is none.
    public var namespace: String?
    public var name: String

    public init(type: GroupVersionKind, namespace: String?, name: String) {
        self.type = type
        self.namespace = namespace
        self.name = name
    }

    /// A key that is equal for all identities of one object, regardless of the API version and built-in group.
    public struct Key: Sendable, Hashable {
        private let kind: DefinedKind
        private let namespace: String
        private let name: String

        fileprivate init(_ identity: ObjectIdentity, _ defaultNamespace: String) {
            kind = DefinedKind(inAnyBuiltInGroup: identity.type)
            // A manifest may specify a namespace although its kind is cluster-scoped.
            namespace = identity.type.isClusterScoped ? "" : identity.namespace ?? defaultNamespace
            name = identity.name
        }
    }

    /// Returns the object's key; if no namespace is specified, the default namespace is assumed.
    public func key(defaultNamespace: String) -> Key { Key(self, defaultNamespace) }

    /// The human-readable form, such as `ClusterRole/edit` or `DaemonSet/kube-system/calico-node`.
    public var description: String {
        guard let namespace else { return "\(type.kind)/\(name)" }
        return "\(type.kind)/\(namespace)/\(name)"
    }

    var isCustomResourceDefinition: Bool { type.isCustomResourceDefinition }

    var isNamespace: Bool {
        type.group.isEmpty && type.kind == "Namespace"
    }
}

extension ObjectIdentity {
    /// Reads the identity of an object from its manifest.
    ///
    /// - Throws: ``Problems`` if the node is not a Kubernetes object, or if an identifying field is missing or invalid.
    init(written node: Node, documentIndex: Int) throws(Problems) {
        guard let entries = node.mapping?.entries else {
            let message = "document \(documentIndex) is not an object: expected a mapping, found \(node.kindName)"
            throw Problems([Problem(message, at: node.location, hint: "begin with 'apiVersion:' and 'kind:'")])
        }
        let keys = ["apiVersion", "kind", "metadata"]
        guard
            entries.isEmpty
                || entries.contains(where: { keys.contains($0.key) || nearestName(to: $0.key, in: keys) != nil })
        else {
            let message =
                "document \(documentIndex) is not a Kubernetes object: it has no 'apiVersion', 'kind' or 'metadata'"
            let hint = "add them, or move the file to where no manifests are read"
            throw Problems([Problem(message, at: node.location, hint: hint)])
        }
        var reader = IdentityReader(node: node, documentIndex: documentIndex)
        self = reader.read()
        guard reader.problems.isEmpty else { throw Problems(reader.problems) }
    }
}

/// A reader for the fields that identify an object; it collects the problems of these fields.
private struct IdentityReader {
    let node: Node
    let documentIndex: Int
    var problems: [Problem] = []

    mutating func read() -> ObjectIdentity {
        let written = GroupVersionKind(group: "", version: "", kind: node["kind"]?.string ?? "")
        let apiVersion = required(
            "apiVersion",
            of: node,
            "an API version such as 'apps/v1'",
            ObjectIdentifiers.isAPIVersion,
            hint: ObjectCheck.versionHint(written) ?? "write the group and version of the kind"
        )
        let kind = required(
            "kind",
            of: node,
            "a kind such as 'ConfigMap'",
            ObjectIdentifiers.isKind,
            hint: "add the object's kind"
        )
        var (name, namespace) = ("", String?.none)
        if let metadata = node["metadata"], !metadata.isNull, metadata.mapping == nil {
            let message = "'metadata' of document \(documentIndex) is \(metadata.kindName), not a mapping"
            problems.append(Problem(message, at: metadata.location))
        } else if node["metadata"] != nil || !reportMisspelt("metadata", of: node, as: "metadata") {
            name = readName(node["metadata"])
            namespace = readNamespace(node["metadata"])
        }
        return ObjectIdentity(
            type: GroupVersionKind(apiVersion: apiVersion, kind: kind),
            namespace: namespace,
            name: name,
        )
    }

    private mutating func readName(_ metadata: Node?) -> String {
        if let generateName = metadata?["generateName"], metadata?["name"] == nil {
            let message = "'metadata.generateName' creates a new object at every run, so it cannot be applied"
            problems.append(Problem(message, at: generateName.location, hint: "write 'name:' instead"))
            return ""
        }
        return required("name", of: metadata ?? node, below: "metadata.", "a valid name", ObjectIdentifiers.isName)
    }

    private mutating func readNamespace(_ metadata: Node?) -> String? {
        guard let namespace = metadata?["namespace"], !namespace.isNull, namespace.string != "" else { return nil }
        return required("namespace", of: metadata, below: "metadata.", "a valid name", ObjectIdentifiers.isName)
    }

    /// Reads a field of the identity, and reports a missing or invalid value.
    private mutating func required(
        _ field: String,
        of parent: Node?,
        below prefix: String = "",
        _ what: String,
        _ isValid: (String) -> Bool,
        hint: @autoclosure () -> String? = nil,
    ) -> String {
        let (value, path) = (parent?[field], prefix + field)
        if let text = value?.string, !text.isEmpty {
            if !isValid(text) {
                let message = "'\(path)' is '\(text)', which is not \(what)"
                problems.append(Problem(message, at: value?.location ?? node.location))
            }
            return text
        }
        if value == nil, reportMisspelt(field, of: parent, as: path) { return "" }
        let found = value.map { $0.string == "" ? "is empty" : "is \($0.kindName), not a string" } ?? "is missing"
        problems.append(
            Problem(
                "'\(path)' of document \(documentIndex) \(found)",
                at: value?.location ?? parent?.location ?? node.location,
                hint: value.flatMap(quoting) ?? hint()
            )
        )
        return ""
    }

    /// Reports a key that is probably a misspelling of a missing field, and returns whether there is such a key.
    private mutating func reportMisspelt(_ field: String, of parent: Node?, as path: String) -> Bool {
        let entries = parent?.mapping?.entries ?? []
        guard let near = nearestName(to: field, in: entries.map(\.key)),
            let entry = entries.first(where: { $0.key == near })
        else { return false }
        problems.append(
            Problem(
                "'\(path)' of document \(documentIndex) is missing, but there is a key '\(near)'",
                at: entry.location,
                hint: "write '\(field):'"
            )
        )
        return true
    }

    /// Returns a hint on how to write a number or boolean as a string, or `nil` for other values.
    private func quoting(_ value: Node) -> String? {
        switch value.content {
        case .number(let number): "write it in quotes: '\"\(number.text)\"'"
        case .boolean: "write it in quotes\(value.misleadingWord.map { ": '\"\($0)\"'" } ?? "")"
        case .null, .string, .sequence, .mapping: nil
        }
    }
}
