import YAML

/// The move of an object's fields from kubectl's client-side managers to this agent.
///
/// A field owned by a manager's `Update` stays when it is removed from the manifest. Once such fields belong to this
/// agent, the next apply removes them. The corresponding function of kubectl is `csaupgrade.UpgradeManagedFields`.
struct ClientSideMigration {
    /// The managed fields of the object after the move.
    let managedFields: Node

    /// Moved fields that the next apply removes, because neither the manifest nor another applying manager has them.
    let abandoned: FieldSet

    /// The object's resource version; the server refuses the patch if the object has another version.
    private let resourceVersion: Node

    /// The managers of `kubectl apply` and `kubectl create`, whose fields all come from a manifest.
    private static let clientSideManagers: Set<String> = ["kubectl-client-side-apply", "kubectl-create"]

    /// The manager that the server records for fields written before it tracked managers.
    private static let unknownManager = "before-first-apply"

    private static let lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

    /// Plans the move for an object applied by this agent, `nil` if there is nothing to move.
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
            // Fields of another API version may have other names; kubectl drops their entries too.
            if entry["apiVersion"] == apiVersion { fields = fields.union(share.moved) }
            result[index] = share.rest.root.map { Self.replacing("fieldsV1", of: entry, with: $0) }
        }
        guard result != entries else { return nil }
        result[own] = fields.root.map { Self.replacing("fieldsV1", of: entries[own], with: $0) }
        // Only managers that apply prevent the removal of a field; managers that update do not.
        let appliers = result.enumerated().filter { $0.offset != own && $0.element?["operation"]?.string == "Apply" }
        abandoned = appliers.reduce(fields.lost(keeping: applied)) {
            $0.lost(keeping: FieldSet($1.element?["fieldsV1"]))
        }
        managedFields = .sequence(result.compactMap(\.self))
        resourceVersion = version
    }

    /// Returns the configuration given to the last client-side `kubectl apply`, from the object's annotation.
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

    /// Splits a manager's fields into those to move and the rest, `nil` if the manager keeps them all.
    private static func share(of entry: Node, lastApplied: Node?) -> (moved: FieldSet, rest: FieldSet)? {
        guard let manager = entry["manager"]?.string, entry["operation"]?.string == "Update",
            entry["subresource"]?.string ?? "" == ""
        else { return nil }
        let fields = FieldSet(entry["fieldsV1"])
        let path = ["metadata", "annotations", Self.lastApplied]
        if manager == unknownManager {
            // Controllers wrote some of these fields. The fields of a manifest are in kubectl's annotation.
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
