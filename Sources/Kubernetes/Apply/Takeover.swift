import Base
import YAML

/// The managers whose fields this agent takes over.
struct TakenManagers: Sendable {
    /// The names that the task file lists; a name that ends with `*` is a prefix.
    var names: [String] = []

    /// The managers of `kubectl apply` and `kubectl create`, whose fields all come from a manifest.
    private static let clientSideManagers: Set<String> = [clientSideApply, "kubectl-create"]

    /// The manager of client-side `kubectl apply`.
    static let clientSideApply = "kubectl-client-side-apply"

    /// Returns whether the task file lists a manager.
    func includes(_ manager: String) -> Bool {
        names.contains { $0.hasSuffix("*") ? manager.hasPrefix($0.dropLast()) : manager == $0 }
    }

    /// The names of the managers of an object that are those of client-side kubectl, in every of its versions.
    func clientSideManagers(of object: Node) -> [String] {
        let lastApplied = Takeover.lastApplied(of: object)
        return (object["metadata"]?["managedFields"]?.sequence ?? []).compactMap { entry in
            let isUpdate = entry["operation"]?.string == "Update"
            return isUpdate && share(of: entry, lastApplied: lastApplied) != nil ? entry["manager"]?.string : nil
        }
    }

    /// The fields of an object that belong to this agent, or are moved to it.
    func fields(in object: Node) -> FieldSet {
        let lastApplied = Takeover.lastApplied(of: object)
        return (object["metadata"]?["managedFields"]?.sequence ?? []).reduce(FieldSet(nil)) { result, entry in
            let moved = share(of: entry, lastApplied: lastApplied)?.moved
            return result.union(ManagedMetadata.isOwn(entry) ? FieldSet(entry["fieldsV1"]) : moved ?? FieldSet(nil))
        }
    }

    /// Splits a manager's fields into those to move and the rest, `nil` if the manager keeps them all.
    ///
    /// - Parameters:
    ///   - entry: The manager's entry in the object's managed fields.
    ///   - lastApplied: The configuration in kubectl's annotation, if there is one.
    /// - Returns: The fields to move, and the fields that the manager keeps.
    func share(of entry: Node, lastApplied: Node?) -> (moved: FieldSet, rest: FieldSet)? {
        guard let manager = entry["manager"]?.string, entry["subresource"]?.string ?? "" == "",
            !ManagedMetadata.isOwn(entry)
        else { return nil }
        let fields = FieldSet(entry["fieldsV1"])
        // The agent itself has the fields that a takeover has changed.
        guard !includes(manager), manager != ManagedMetadata.manager else { return (fields, FieldSet(nil)) }
        guard entry["operation"]?.string == "Update" else { return nil }
        let path = ["metadata", "annotations", Takeover.lastAppliedAnnotation]
        if manager == Takeover.unknownManager {
            // Controllers wrote some of these fields. The fields of a manifest are in kubectl's annotation.
            guard fields.contains(path), let lastApplied else { return nil }
            let annotation = FieldSet(path: path.map { "f:\($0)" })
            let moved = fields.intersection(withFieldsOf: lastApplied).union(annotation)
            return (moved, fields.subtracting(moved))
        }
        guard Self.clientSideManagers.contains(manager) || fields.contains(path) else { return nil }
        return (fields, FieldSet(nil))
    }
}

/// The move of an object's fields to this agent from managers that are taken over, and from no manager.
///
/// A field owned by another manager, or by none, stays when it is not in the manifest. Once such fields belong to this
/// agent, the next apply removes them. For kubectl's client-side managers the corresponding function of kubectl is
/// `csaupgrade.UpgradeManagedFields`.
struct Takeover {
    /// The managed fields of the object after the move.
    let managedFields: Node

    /// The fields of this agent after the move.
    private let fields: FieldSet

    /// The fields of the managers that keep them.
    private let kept: FieldSet

    private let live: Node

    /// The manager that the server records for fields written before it tracked managers.
    static let unknownManager = "before-first-apply"

    static let lastAppliedAnnotation = "kubectl.kubernetes.io/last-applied-configuration"

    /// Plans the move for an object, `nil` if there is nothing to move.
    ///
    /// - Parameters:
    ///   - object: The object, with its managed fields and resource version.
    ///   - managers: The managers whose fields are moved.
    ///   - unowned: Fields of no manager that are moved too.
    ///   - isAlwaysPlanned: Whether the plan is made even if this agent has not applied the object yet, or if there is
    ///     nothing to move.
    init?(
        of object: Node,
        from managers: TakenManagers,
        unowned: FieldSet = FieldSet(nil),
        isAlwaysPlanned: Bool = false,
    ) {
        let metadata = object["metadata"]
        let entries = metadata?["managedFields"]?.sequence ?? []
        let own = entries.firstIndex(where: ManagedMetadata.isOwn)
        guard own != nil || isAlwaysPlanned, metadata?["resourceVersion"] != nil else { return nil }
        let lastApplied = Self.lastApplied(of: object)
        let shares = entries.map { managers.share(of: $0, lastApplied: lastApplied) }
        let first = entries.indices.first { shares[$0] != nil }.map { entries[$0] }
        let apiVersion = own.map { entries[$0]["apiVersion"] } ?? first?["apiVersion"] ?? object["apiVersion"]
        let applied = FieldSet(own.flatMap { entries[$0]["fieldsV1"] })
        var fields = applied.union(unowned)
        var result: [Node] = []
        for (entry, share) in zip(entries, shares) where !ManagedMetadata.isOwn(entry) {
            guard let share else {
                result.append(entry)
                continue
            }
            // Fields of another API version may have other names; kubectl drops them all.
            let isSameVersion = entry["apiVersion"] == apiVersion
            fields = fields.union(isSameVersion ? share.moved : share.moved.intersection(withFieldsOf: object))
            if let rest = share.rest.root { result.append(Self.replacing("fieldsV1", of: entry, with: rest)) }
        }
        guard isAlwaysPlanned || shares.contains(where: { $0 != nil }), let root = fields.root else { return nil }
        // The server keeps a field that another manager owns, whether by an apply or by an update.
        kept = result.reduce(FieldSet(nil)) { $0.union(FieldSet($1["fieldsV1"])) }
        let entry = own.map { entries[$0] } ?? Self.ownEntry(apiVersion)
        managedFields = .sequence([Self.replacing("fieldsV1", of: entry, with: root)] + result)
        (self.fields, live) = (fields, object)
    }

    private static func ownEntry(_ apiVersion: Node?) -> Node {
        .mapping([
            ("manager", .string(ManagedMetadata.manager)), ("operation", .string("Apply")),
            ("apiVersion", apiVersion ?? .string("")), ("time", .string(Timestamp.now().description)),
            ("fieldsType", .string("FieldsV1")),
        ])
    }

    /// Returns the configuration given to the last client-side `kubectl apply`, from the object's annotation.
    static func lastApplied(of object: Node) -> Node? {
        guard let text = object["metadata"]?["annotations"]?[lastAppliedAnnotation]?.string else { return nil }
        return try? readJSON(Array(text.utf8), file: lastAppliedAnnotation)
    }

    /// The JSON patch that moves the fields and changes no value.
    var patch: [UInt8] { Node.sequence(move).json() }

    /// The operations that move the fields.
    ///
    /// The version and the UID are replaced, not tested, so that the server answers 409 if the object has changed since,
    /// or was deleted and created again.
    private var move: [Node] {
        let values = ["uid", "resourceVersion"].compactMap { key in live["metadata"]?[key].map { (key, $0) } }
        return (values + [("managedFields", managedFields)]).map { key, value in
            .mapping([("op", .string("replace")), ("path", .string("/metadata/\(key)")), ("value", value)])
        }
    }

    /// Returns the fields that the object loses when this agent has applied a configuration after the move.
    func lost(applying body: Node) -> FieldSet { fields.lost(applying: body, keeping: kept) }

    /// Returns the JSON patch that moves the fields and gives the object the values that an apply would give it.
    ///
    /// It is one request, so that a dry run of it validates the result of both, and so that a process that is killed
    /// leaves the old values or the new ones. A server-side apply cannot do it: it removes no field that the agent does not
    /// own yet, and servers of 1.20 leave empty parents of the fields that it removes.
    ///
    /// - Parameters:
    ///   - body: The object as it is applied.
    ///   - hasStatusSubresource: Whether the server ignores a status that is sent with the object.
    /// - Returns: The JSON patch.
    func patch(applying body: Node, hasStatusSubresource: Bool) -> [UInt8] {
        let all = (live["metadata"]?["managedFields"]?.sequence ?? []).reduce(fields) {
            $0.union(FieldSet($1["fieldsV1"]))
        }
        let result = all.merged(body, into: lost(applying: body).removed(from: live, keepingParentsOf: body))
        let changes = Self.operations(from: live, to: result, hasStatusSubresource: hasStatusSubresource)
        return Node.sequence(changes + move).json()
    }

    /// Returns the JSON patch operations that change an object, without the metadata that only the server writes.
    ///
    /// - Parameters:
    ///   - old: The object on the server.
    ///   - new: The object with other values.
    ///   - hasStatusSubresource: Whether the server ignores a status that is sent with the object.
    /// - Returns: The operations, empty if nothing changes.
    static func operations(from old: Node, to new: Node, hasStatusSubresource: Bool) -> [Node] {
        let metadata = ["labels", "annotations", "finalizers", "ownerReferences"]
        let left = ["apiVersion", "kind", "metadata"] + (hasStatusSubresource ? ["status"] : [])
        let keys = Set([old, new].flatMap { ($0.mapping?.entries ?? []).map(\.key) }).subtracting(left).sorted()
        return keys.compactMap { operation("/\($0)", from: old[$0], to: new[$0]) }
            + metadata.compactMap {
                operation("/metadata/\($0)", from: old["metadata"]?[$0], to: new["metadata"]?[$0])
            }
    }

    /// Returns the JSON patch operation that sets or removes a field, `nil` if the field does not change.
    private static func operation(_ path: String, from old: Node?, to new: Node?) -> Node? {
        guard old != new else { return nil }
        guard let new else { return .mapping([("op", .string("remove")), ("path", .string(path))]) }
        return .mapping([("op", .string("add")), ("path", .string(path)), ("value", new)])
    }

    private static func replacing(_ key: String, of entry: Node, with value: Node) -> Node {
        guard var mapping = entry.mapping else { return entry }
        mapping[key] = value
        return Node(.mapping(mapping), location: entry.location)
    }
}

/// Fields of no manager, such as defaults of the server.
extension Takeover {
    /// Returns the fields of an object that no manager owns, and because of which the server refuses a manifest.
    ///
    /// These are fields that the refusal names, and that the manifest does not have.
    ///
    /// - Parameters:
    ///   - status: The refusal.
    ///   - live: The object, with its managed fields.
    ///   - body: The object as it is sent.
    ///   - withSiblings: Whether fields beside a refused field of the manifest count too. Of two fields that exclude each
    ///     other, the server may name only the one of the manifest.
    /// - Returns: The fields.
    static func refusedUnowned(_ status: ServerStatus, in live: Node, for body: Node, withSiblings: Bool) -> FieldSet {
        let paths = status.causes.map { FieldPath($0.field) }
        let named = Set(paths.flatMap { $0.spellings(in: live) }.map(\.text))
        let parents = Set(
            !withSiblings
                ? [] : paths.filter { $0.resolve(in: body).node != nil }.compactMap { $0.parent?.text }
        )
        let entries = live["metadata"]?["managedFields"]?.sequence ?? []
        let owned = entries.reduce(FieldSet(nil)) { $0.union(FieldSet($1["fieldsV1"])) }
        let left: Set<String> = ["apiVersion", "kind", "metadata", "status"]
        return owned.unownedFields(of: live, apartFrom: body, without: left).reduce(FieldSet(nil)) { result, field in
            let isNamed = named.contains {
                $0 == field.text || $0.hasPrefix("\(field.text).") || $0.hasPrefix("\(field.text)[")
            }
            let isSibling = FieldPath(field.text).parent.map { parents.contains($0.text) } ?? false
            return isNamed || isSibling ? result.union(FieldSet(path: field.keys)) : result
        }
    }

    /// Returns the fields of a pod template that its manifest does not have, that no manager would own after an apply, and
    /// whose reason is gone.
    ///
    /// The server copies `serviceAccountName` to the deprecated `serviceAccount`, and back when only the first is removed:
    /// the pods would keep the old ServiceAccount without an error. With `hostNetwork` it gives each port a `hostPort`, which
    /// would stay reserved on the nodes after pods have left their network.
    ///
    /// - Parameters:
    ///   - answer: The object after the apply, with its managed fields.
    ///   - manifest: The manifest.
    ///   - managers: The managers whose fields will be moved.
    /// - Returns: The fields, `nil` if there are none.
    static func staleFields(in answer: Node, of manifest: ManifestObject, from managers: TakenManagers) -> FieldSet? {
        // The pods of a Job, as a Pod, cannot be changed.
        let isFixed = ["Job", "Pod"].contains(manifest.identity.type.kind)
        let type = manifest.identity.type
        let keys = (type.kind == "CronJob" ? ["spec", "jobTemplate"] : []) + ["spec", "template", "spec"]
        guard !isFixed, ["", "apps", "batch"].contains(type.group),
            let spec = keys.reduce(manifest.root, { $0?[$1] })
        else { return nil }
        guard let live = keys.reduce(answer, { $0?[$1] }) else { return nil }
        let names = ["serviceAccountName", "serviceAccount"].filter { live[$0] != nil }
        let lastApplied = lastApplied(of: answer)
        let owned = (answer["metadata"]?["managedFields"]?.sequence ?? []).reduce(FieldSet(nil)) { result, entry in
            // Changes that a webhook has made to the apply belong to this agent, too.
            let isOwn = entry["manager"]?.string == ManagedMetadata.manager
            let share = isOwn ? nil : managers.share(of: entry, lastApplied: lastApplied)
            return result.union(share?.rest ?? FieldSet(entry["fieldsV1"]))
        }
        var stale: [[String]] = []
        if !names.isEmpty, names.allSatisfy({ spec[$0] == nil && !owned.contains(keys + [$0]) }) {
            stale += names.map { (keys + [$0]).map { "f:\($0)" } }
        }
        if live["hostNetwork"]?.boolean != true || !owned.contains(keys + ["hostNetwork"]) {
            let left: Set<String> = ["apiVersion", "kind", "metadata", "status"]
            let unowned = owned.unownedFields(of: answer, apartFrom: manifest.root, without: left)
            stale += unowned.map(\.keys).filter { $0.last == "f:hostPort" }
        }
        return stale.isEmpty ? nil : stale.reduce(FieldSet(nil)) { $0.union(FieldSet(path: $1)) }
    }
}
