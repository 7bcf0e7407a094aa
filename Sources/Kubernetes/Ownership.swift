import YAML

/// What is put on every object besides what its manifest says.
public struct Ownership: Sendable {
    /// The label that names who manages an object; a manifest's own value of it stays.
    public static let managedByLabel = "app.kubernetes.io/managed-by"

    /// The annotation that names the task which applied an object.
    public static let taskAnnotation = "nest-bootstrap/task"

    /// The manager's name, in the label and for server-side apply.
    public static let manager = "nest-bootstrap"

    /// The task's name.
    public var task: String

    /// More labels; a manifest's own values of them stay.
    public var labels: [String: String]

    /// Creates an ownership.
    public init(task: String, labels: [String: String] = [:]) {
        self.task = task
        self.labels = labels
    }

    /// The fields of an object that belong to this agent, as its managed fields list them.
    static func fields(in object: Node) -> [Node] {
        (object["metadata"]?["managedFields"]?.sequence ?? [])
            .filter { $0["manager"]?.string == manager && $0["operation"]?.string == "Apply" }
            .compactMap { $0["fieldsV1"] }
    }

    /// Returns an object as it is sent: with its namespace, the labels and the annotation, otherwise as written.
    func mark(_ root: Node, namespace: String?) -> Node {
        var root = root
        guard case .mapping(var object) = root.content, let metadataNode = object["metadata"],
            case .mapping(var metadata) = metadataNode.content
        else { return root }
        let place = metadataNode.place
        if let namespace, metadata["namespace"]?.string ?? "" == "" {
            metadata["namespace"] = Node(.string(namespace), place: place)
        }
        let own = labels.merging([Self.managedByLabel: Self.manager]) { written, _ in written }
        let isUnlabelled = metadata["labels"].map { $0.isNull || $0.mapping?.entries.isEmpty == true } ?? true
        let written = isUnlabelled ? Self.defaultLabels(of: root) : metadata["labels"]
        metadata["labels"] = Self.adding(own, to: written, place: place, replacing: false)
        let annotations = [Self.taskAnnotation: task]
        metadata["annotations"] = Self.adding(annotations, to: metadata["annotations"], place: place, replacing: true)
        object["metadata"] = Node(.mapping(metadata), place: place)
        root.content = .mapping(object)
        return root
    }

    /// The labels that the server gives an object without any: those of its pods, for two kinds.
    ///
    /// Our own label would keep the server from it. The corresponding functions of the API server are
    /// `SetDefaults_ReplicationController` and `SetDefaults_Job`.
    private static func defaultLabels(of object: Node) -> Node? {
        let type = GroupVersionKind(
            apiVersion: object["apiVersion"]?.string ?? "",
            kind: object["kind"]?.string ?? "",
        )
        guard ["/ReplicationController", "batch/Job"].contains("\(type.group)/\(type.kind)") else { return nil }
        return object["spec"]?["template"]?["metadata"]?["labels"]
    }

    /// Adds pairs to a mapping of strings; anything else than a mapping is left for the server to refuse.
    private static func adding(
        _ pairs: [String: String],
        to node: Node?,
        place: Place,
        replacing: Bool,
    ) -> Node {
        var mapping = Mapping()
        if let node, !node.isNull {
            guard let written = node.mapping else { return node }
            mapping = written
        }
        for (key, value) in pairs.sorted(by: { $0.key < $1.key }) where replacing || mapping[key] == nil {
            mapping[key] = Node(.string(value), place: place)
        }
        return Node(.mapping(mapping), place: node?.place ?? place)
    }
}
