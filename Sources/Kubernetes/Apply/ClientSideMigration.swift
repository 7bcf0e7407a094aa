import YAML

/// The move of an object's fields from kubectl's client-side managers to this agent.
///
/// Fields that a manager's `Update` owns stay when a manifest no longer has them. Once they belong to this agent, the
/// next apply removes them. The corresponding function of kubectl is `csaupgrade.UpgradeManagedFields`.
struct ClientSideMigration {
    /// The managed fields of the object after the move.
    let managedFields: Node

    /// The fields that the next apply removes: they were moved, and neither the manifest nor another manager has them.
    let abandoned: FieldSet

    /// The version of the object that is changed; another one is refused.
    private let resourceVersion: Node

    /// Managers of `kubectl apply` and `kubectl create`, whose fields are all from a manifest.
    private static let clientSideManagers: Set<String> = ["kubectl-client-side-apply", "kubectl-create"]

    /// The manager to which the server attributes what was there before it recorded managers.
    private static let unknownManager = "before-first-apply"

    private static let lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

    /// Plans the move for an object that this agent has applied, `nil` if there is nothing to move.
    init?(of object: Node) {
        let metadata = object["metadata"]
        let entries = metadata?["managedFields"]?.sequence ?? []
        guard let own = entries.firstIndex(where: ManagedMetadata.isOwn), let version = metadata?["resourceVersion"]
        else { return nil }
        let apiVersion = entries[own]["apiVersion"]
        let lastApplied = Self.lastApplied(of: object)
        let applied = FieldSet(entries[own]["fieldsV1"])
        var fields = applied
        var result: [Node?] = entries
        for (index, entry) in entries.enumerated() {
            guard let share = Self.share(of: entry, lastApplied: lastApplied) else { continue }
            // Fields of another version may have other names; kubectl drops their entries too.
            if entry["apiVersion"] == apiVersion { fields = fields.union(share.moved) }
            result[index] = share.rest.root.map { Self.replacing("fieldsV1", of: entry, with: $0) }
        }
        guard result != entries else { return nil }
        result[own] = fields.root.map { Self.replacing("fieldsV1", of: entries[own], with: $0) }
        // Only a manager that applies keeps a field from being removed, not one that updates.
        let appliers = result.enumerated().filter { $0.offset != own && $0.element?["operation"]?.string == "Apply" }
        abandoned = appliers.reduce(fields.lost(keeping: applied)) {
            $0.lost(keeping: FieldSet($1.element?["fieldsV1"]))
        }
        managedFields = .sequence(result.compactMap(\.self))
        resourceVersion = version
    }

    /// The object that the last client-side `kubectl apply` was given, from its annotation.
    static func lastApplied(of object: Node) -> Node? {
        guard let text = object["metadata"]?["annotations"]?[lastApplied]?.string else { return nil }
        return try? readJSON(Array(text.utf8), file: lastApplied)
    }

    /// The JSON patch that moves the fields.
    ///
    /// The version is replaced, not tested, so that the server answers 409 if the object has changed since.
    var patch: [UInt8] {
        func replace(_ path: String, _ value: Node) -> Node {
            .mapping(["op": .string("replace"), "path": .string(path), "value": value])
        }
        let operations = [
            replace("/metadata/managedFields", managedFields), replace("/metadata/resourceVersion", resourceVersion),
        ]
        return Node.sequence(operations).json()
    }

    /// The fields of a manager that are moved, `nil` if the manager keeps them all.
    private static func share(of entry: Node, lastApplied: Node?) -> (moved: FieldSet, rest: FieldSet)? {
        guard let manager = entry["manager"]?.string, entry["operation"]?.string == "Update",
            entry["subresource"]?.string ?? "" == ""
        else { return nil }
        let fields = FieldSet(entry["fieldsV1"])
        let path = ["metadata", "annotations", Self.lastApplied]
        if manager == unknownManager {
            // Controllers wrote some of these fields. Those of a manifest are in kubectl's annotation.
            guard fields.contains(path), let lastApplied else { return nil }
            let annotation = path.reversed().reduce(Node.mapping([:])) { .mapping([("f:\($1)", $0)]) }
            let moved = fields.intersection(withFieldsOf: lastApplied).union(FieldSet(annotation))
            return (moved, fields.subtracting(moved))
        }
        guard clientSideManagers.contains(manager) || fields.contains(path) else { return nil }
        return (fields, FieldSet(nil))
    }

    private static func replacing(_ key: String, of entry: Node, with value: Node) -> Node {
        guard var mapping = entry.mapping else { return entry }
        mapping[key] = value
        return Node(.mapping(mapping), location: entry.location)
    }
}
