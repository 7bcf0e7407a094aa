import YAML

/// The pod template of an object, or the pod if the object is one.
struct PodTemplate {
    /// The path of the pods' `spec`.
    let path: String
    /// The pods' `spec`.
    let spec: Node
    let labels: Node?

    /// The fields of a pod that are lists of containers.
    static let containerLists = ["initContainers", "containers", "ephemeralContainers"]

    /// The path of the pod template in each kind.
    private static let paths: [String: [String: [String]]] = [
        "": ["Pod": [], "PodTemplate": ["template"], "ReplicationController": ["spec", "template"]],
        "apps": [
            "DaemonSet": ["spec", "template"], "Deployment": ["spec", "template"], "ReplicaSet": ["spec", "template"],
            "StatefulSet": ["spec", "template"],
        ],
        "batch": ["CronJob": ["spec", "jobTemplate", "spec", "template"], "Job": ["spec", "template"]],
    ]

    /// Finds the template of an object, or returns `nil` if it has none.
    init?(_ manifest: ManifestObject) {
        guard let path = Self.paths[manifest.identity.type.group]?[manifest.identity.type.kind] else { return nil }
        var node = manifest.root
        for key in path {
            guard let next = node[key] else { return nil }
            node = next
        }
        guard let spec = node["spec"] else { return nil }
        self.path = (path + ["spec"]).joined(separator: ".")
        self.spec = spec
        labels = node["metadata"]?["labels"]
    }

    /// All containers of the pods, each with its path.
    var containers: [(path: String, node: Node)] {
        Self.containerLists.flatMap { list in
            (spec[list]?.sequence ?? []).enumerated().map { ("\(path).\(list)[\($0)]", $1) }
        }
    }
}
