import Base
import HTTP

/// The labels and annotations that the agent adds to those in the manifest of an object.
public struct ManagedMetadata: Sendable {
    /// The label that names the manager of an object; a value in the manifest is kept.
    public static let managedByLabel = "app.kubernetes.io/managed-by"

    /// The annotation that names the task that applied an object.
    static let taskAnnotation = "nest-bootstrap/task"

    /// The annotation with a digest of the manifest.
    ///
    /// Secrets do not have it, because it could be used to test guesses about their content.
    static let digestAnnotation = "nest-bootstrap/manifest"

    /// The agent's name, in the label and as the field manager of server-side apply.
    public static let manager = "nest-bootstrap"

    var task: String

    /// Additional labels; values in a manifest are kept.
    var labels: [String: String]

    public init(task: String, labels: [String: String] = [:]) {
        (self.task, self.labels) = (task, labels)
    }

    /// Returns the sets of fields that this agent has applied.
    static func fields(in object: Node) -> [Node] {
        object.managedFields.filter(isOwn).compactMap { $0["fieldsV1"] }
    }

    /// Returns the fields that each manager has applied.
    static func owners(of object: Node) -> Set<[Node?]> {
        Set(object.managedFields.filter(isApplied).map { entry in ["manager", "fieldsV1"].map { entry[$0] } })
    }

    /// Returns whether an entry of managed fields lists the fields that this agent has applied.
    static func isOwn(_ entry: Node) -> Bool { entry["manager"]?.string == manager && isApplied(entry) }

    /// Returns whether a path is that of an annotation that only this agent writes.
    static func isOwn(_ path: FieldPath) -> Bool {
        [taskAnnotation, digestAnnotation].contains { path == FieldPath("metadata.annotations.\($0)") }
    }

    private static func isApplied(_ entry: Node) -> Bool {
        entry["operation"]?.string == "Apply" && entry["subresource"]?.string ?? "" == ""
    }

    /// Returns another field manager that has applied an object, if there is one.
    static func otherApplier(of object: Node) -> String? {
        let entries = object.managedFields
        return entries.first { isApplied($0) && !isOwn($0) }?["manager"]?.string
    }

    /// Returns whether this agent has applied an object, no other manager has, and the object has no owner.
    ///
    /// An object from which the agent has only taken over fields does not count: it lacks the agent's annotation.
    static func isOnlyApplied(_ object: Node) -> Bool {
        !fields(in: object).isEmpty && task(of: object) != nil && otherApplier(of: object) == nil
            && object["metadata"]?["ownerReferences"]?.sequence?.isEmpty != false
    }

    static func isBeingDeleted(_ object: Node) -> Bool { object["metadata"]?["deletionTimestamp"]?.string != nil }

    /// Returns the name of the task that applied an object, if the object names a task.
    static func task(of object: Node) -> String? { object["metadata"]?["annotations"]?[taskAnnotation]?.string }

    /// Returns the digest of the manifest that was applied last.
    static func digest(of object: Node) -> String? { object["metadata"]?["annotations"]?[digestAnnotation]?.string }

    /// Returns an object with the namespace, labels and annotations with which it is sent.
    ///
    /// Another value of the managed-by label that one of `others` owns in `live` is kept unless the task sets the label.
    func stamp(_ root: Node, namespace: String?, over live: Node? = nil, others: [Node] = []) -> Node {
        guard var metadata = root["metadata"]?.mapping else { return root }
        if let namespace, metadata["namespace"]?.string ?? "" == "" { metadata["namespace"] = .string(namespace) }
        var own = labels.merging([Self.managedByLabel: Self.manager]) { written, _ in written }
        // Helm requires its own value of the label.
        let isOfOther = others.contains {
            $0["fieldsV1"]?["f:metadata"]?["f:labels"]?["f:\(Self.managedByLabel)"] != nil
        }
        let value = live?["metadata"]?["labels"]?[Self.managedByLabel]?.string
        if isOfOther, value != Self.manager { own[Self.managedByLabel] = labels[Self.managedByLabel] }
        let isUnlabelled = metadata["labels"].map { $0.isNull || $0.mapping?.entries.isEmpty == true } ?? true
        let written = isUnlabelled ? Self.defaultLabels(of: root) : metadata["labels"]
        metadata["labels"] = Self.adding(own, to: written, replacing: false)
        metadata["annotations"] = Self.adding([Self.taskAnnotation: task], to: metadata["annotations"], replacing: true)
        var object = root
        guard var mapping = object.mapping else { return root }
        mapping["metadata"] = Node(.mapping(metadata), location: root["metadata"]?.location ?? root.location)
        object.content = .mapping(mapping)
        guard root["kind"]?.string != "Secret" else { return object }
        let digest = [Self.digestAnnotation: String(sha256(object.json()).prefix(16))]
        return object.with(
            Self.adding(digest, to: metadata["annotations"], replacing: true),
            at: "metadata",
            "annotations"
        )
    }

    /// Returns the default labels of a ReplicationController or Job without labels: the labels of its pods.
    ///
    /// The server does not add them, because the object has the agent's label. The corresponding functions of the API
    /// server are `SetDefaults_ReplicationController` and `SetDefaults_Job`.
    private static func defaultLabels(of object: Node) -> Node? {
        let type = "\(object["apiVersion"]?.string ?? "") \(object["kind"]?.string ?? "")"
        guard ["v1 ReplicationController", "batch/v1 Job"].contains(type) else { return nil }
        return object["spec"]?["template"]?["metadata"]?["labels"]
    }

    /// Adds pairs to a mapping; a value that is not a mapping is left for the server to refuse.
    private static func adding(_ pairs: [String: String], to node: Node?, replacing: Bool) -> Node {
        var mapping = Mapping()
        if let node, !node.isNull {
            guard let written = node.mapping else { return node }
            mapping = written
        }
        for (key, value) in pairs.sorted(by: { $0.key < $1.key }) where replacing || mapping[key] == nil {
            mapping[key] = .string(value)
        }
        return Node(.mapping(mapping), location: node?.location ?? .nowhere)
    }
}

extension ManagedMetadata {
    /// Returns an object in which the `stringData` of a Secret is part of its `data`.
    ///
    /// The server records the manager of `stringData`, but not the manager of the resulting `data`. A key removed from
    /// the manifest would therefore stay, as with `kubectl apply --server-side`. If a value in `stringData` is not a
    /// string, the Secret is sent as written, and the server refuses it.
    static func sentSecret(_ object: Node) -> Node {
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
        guard manifest.identity.type.isSecret, path.text.hasPrefix("data") else { return path }
        let written = FieldPath("stringData\(path.text.dropFirst("data".count))")
        return written.resolve(in: manifest.root).node == nil ? path : written
    }
}

extension Node {
    /// The managed fields of an object, one entry for each manager, operation and subresource.
    var managedFields: [Node] { self["metadata"]?["managedFields"]?.sequence ?? [] }
}
