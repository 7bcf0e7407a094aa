public import Base
import Kubernetes
import Planning

/// The objects of tasks with `prune` on all nodes.
///
/// If the objects differ between nodes, each node deletes the objects that only other nodes apply.
public struct SharedApplySets: Sendable {
    /// The objects that a task applies on a node, without the API versions of their kinds.
    struct Objects: Sendable, Hashable {
        let location: SourceLocation
        let identities: Set<ObjectIdentity>

        init(_ task: PlannedTask, _ manifests: [ManifestObject]) {
            location = task.location
            let identities = manifests.map { manifest in
                var identity = manifest.identity
                identity.type.version = ""
                return identity
            }
            self.identities = Set(identities)
        }
    }

    /// The objects on each node, by task.
    private var objects: [String: [(node: String, objects: Objects)]] = [:]

    /// Creates an empty collection.
    public init() {}

    /// Adds the findings of a node's check.
    ///
    /// Findings with problems are ignored, because some of the objects may not be known.
    public mutating func add(_ findings: NodeCheck.Findings, of node: String) {
        guard findings.problems.isEmpty else { return }
        for (task, found) in findings.prunedObjects { objects[task, default: []].append((node, found)) }
    }

    /// A problem for each task whose objects are not the same on all nodes that run it.
    public var problems: [Problem] {
        objects.sorted { $0.key < $1.key }.compactMap { task, nodes in
            guard let first = nodes.first else { return nil }
            let others = nodes.filter { $0.objects.identities != first.objects.identities }
            guard let other = others.first else { return nil }
            let differing = first.objects.identities.symmetricDifference(other.objects.identities)
            let names = shortList(differing.map(\.description).sorted())
            let nodeNames = shortList(others.map { "'\($0.node)'" })
            return Problem(
                "task '\(task)' with 'prune' has other objects on \(others.count == 1 ? "node" : "nodes") \(nodeNames) "
                    + "than on node '\(first.node)' (\(names)), so each node deletes those of the others",
                at: first.objects.location,
                hint:
                    "use no variables of nodes in their names and namespaces, or a task with another name for each node"
            )
        }
    }
}
