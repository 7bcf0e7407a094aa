import Base
import YAML

/// The labels and annotations that every object gets in addition to its manifest.
public struct ManagedMetadata: Sendable {
    /// The label that names the manager of an object; a value set by the manifest is kept.
    public static let managedByLabel = "app.kubernetes.io/managed-by"

    /// The annotation that names the task that applied an object.
    public static let taskAnnotation = "nest-bootstrap/task"

    /// The manager's name, in the label and as the field manager of server-side apply.
    public static let manager = "nest-bootstrap"

    /// The task's name.
    public var task: String

    /// Additional labels; values set by a manifest are kept.
    public var labels: [String: String]

    /// The ID of the ApplySet that the objects belong to, if there is one.
    public var applySetID: String?

    /// The version of the task, if it has one.
    public var version: AppliedVersion?

    /// Creates the metadata of a task's objects.
    public init(
        task: String,
        labels: [String: String] = [:],
        applySetID: String? = nil,
        version: AppliedVersion? = nil
    ) {
        self.task = task
        self.labels = labels
        self.applySetID = applySetID
        self.version = version
    }

    /// The fields of an object that belong to this agent according to the object's managed fields.
    static func fields(in object: Node) -> [Node] {
        (object["metadata"]?["managedFields"]?.sequence ?? [])
            .filter(isOwn)
            .compactMap { $0["fieldsV1"] }
    }

    /// The fields that this agent has written by an update instead of an apply.
    static func updatedFields(in object: Node) -> [Node] {
        (object["metadata"]?["managedFields"]?.sequence ?? [])
            .filter { $0["manager"]?.string == manager && $0["operation"]?.string == "Update" }
            .compactMap { $0["fieldsV1"] }
    }

    /// Returns whether an entry of managed fields lists the fields that this agent applied.
    static func isOwn(_ entry: Node) -> Bool {
        entry["manager"]?.string == manager && entry["operation"]?.string == "Apply"
            && entry["subresource"]?.string ?? "" == ""
    }

    /// Returns whether an object has all fields of this agent.
    ///
    /// A server drops a field whose feature gate is off, but still lists it as a field of the manager.
    static func hasAllFields(_ object: Node) -> Bool {
        fields(in: object).map { FieldSet($0) }.allSatisfy { $0.intersection(withFieldsOf: object) == $0 }
    }

    /// Returns whether this agent has not changed an object since its creation, to the precision of seconds.
    ///
    /// An apply without changes keeps the time of the manager's fields, which a creation sets before the object's own
    /// time.
    static func isAsCreated(_ object: Node) -> Bool {
        let metadata = object["metadata"]
        guard let created = metadata?["creationTimestamp"]?.string else { return false }
        let times = (metadata?["managedFields"]?.sequence ?? []).filter(isOwn).map { $0["time"]?.string }
        return !times.isEmpty && times.allSatisfy { $0.map { $0 <= created } == true }
    }

    /// Returns whether an object is being deleted, and waits for its finalizers or its controller.
    static func isBeingDeleted(_ object: Node) -> Bool { object["metadata"]?["deletionTimestamp"]?.string != nil }

    /// Returns the task that applied an object, from the object's annotation.
    static func task(of object: Node) -> String? {
        object["metadata"]?["annotations"]?[taskAnnotation]?.string
    }

    /// Returns a text of what every object of a namespace gets, which differs whenever that does.
    func everyObject(in namespace: String) -> [UInt8] {
        stamp(.mapping([("metadata", .mapping([]))]), namespace: namespace).json()
    }

    /// Adds the namespace, labels and annotations that are sent with an object.
    ///
    /// - Parameters:
    ///   - root: The object.
    ///   - namespace: The object's namespace, if its kind is namespaced.
    ///   - live: The object on the server, if it exists.
    /// - Returns: The object as it is sent.
    func stamp(_ root: Node, namespace: String?, live: Node? = nil) -> Node {
        var root = root
        guard case .mapping(var object) = root.content, let metadataNode = object["metadata"],
            case .mapping(var metadata) = metadataNode.content
        else { return root }
        let location = metadataNode.location
        if let namespace, metadata["namespace"]?.string ?? "" == "" {
            metadata["namespace"] = Node(.string(namespace), location: location)
        }
        let own = labels.merging([Self.managedByLabel: Self.manager]) { written, _ in written }
        let isUnlabelled = metadata["labels"].map { $0.isNull || $0.mapping?.entries.isEmpty == true } ?? true
        let written = isUnlabelled ? Self.defaultLabels(of: root, live) : metadata["labels"]
        metadata["labels"] = Self.adding(own, to: written, location: location, replacing: false)
        if let applySetID {
            let label = [ApplySet.memberLabel: applySetID]
            metadata["labels"] = Self.adding(label, to: metadata["labels"], location: location, replacing: true)
        }
        let annotations = (version?.annotations(over: live) ?? [:]).merging([Self.taskAnnotation: task]) { $1 }
        metadata["annotations"] = Self.adding(
            annotations,
            to: metadata["annotations"],
            location: location,
            replacing: true
        )
        object["metadata"] = Node(.mapping(metadata), location: location)
        root.content = .mapping(object)
        return root
    }

    /// The default labels of an unlabelled ReplicationController or Job: the labels of its pods.
    ///
    /// The server does not add them itself, because the object has this agent's label. The corresponding functions of
    /// the API server are `SetDefaults_ReplicationController` and `SetDefaults_Job`. When a Job is created, the server
    /// adds labels with the Job's name and UID to its pods, and therefore to a Job with the same labels.
    private static func defaultLabels(of object: Node, _ live: Node?) -> Node? {
        let type = GroupVersionKind(
            apiVersion: object["apiVersion"]?.string ?? "",
            kind: object["kind"]?.string ?? "",
        )
        guard ["/ReplicationController", "batch/Job"].contains("\(type.group)/\(type.kind)") else { return nil }
        let labels = object["spec"]?["template"]?["metadata"]?["labels"]
        let added = live?["spec"]?["template"]?["metadata"]?["labels"]?.mapping?.entries ?? []
        let pairs = added.compactMap { entry in
            jobLabels.contains(entry.key) ? entry.value.string.map { (entry.key, $0) } : nil
        }
        guard type.kind == "Job", !pairs.isEmpty else { return labels }
        return adding(Dictionary(pairs) { first, _ in first }, to: labels, location: .nowhere, replacing: false)
    }

    /// The labels that the server gives the pods of a Job; servers before 1.27 use only the last two.
    private static let jobLabels = [
        "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name", "controller-uid", "job-name",
    ]

    /// Adds pairs to a mapping of strings; a value of another type is left for the server to refuse.
    private static func adding(
        _ pairs: [String: String],
        to node: Node?,
        location: SourceLocation,
        replacing: Bool,
    ) -> Node {
        var mapping = Mapping()
        if let node, !node.isNull {
            guard let written = node.mapping else { return node }
            mapping = written
        }
        for (key, value) in pairs.sorted(by: { $0.key < $1.key }) where replacing || mapping[key] == nil {
            mapping[key] = Node(.string(value), location: location)
        }
        return Node(.mapping(mapping), location: node?.location ?? location)
    }
}
