import Base

/// The field managers whose fields this agent takes over.
struct TakenManagers: Sendable {
    /// The names that the task file lists; a name that ends with `*` is a prefix.
    var names: [String] = []

    /// The field managers of client-side `kubectl apply` and of `kubectl create`.
    private static let clientSideManagers: Set<String> = ["kubectl-client-side-apply", "kubectl-create"]

    /// Returns whether the fields of an entry in `managedFields` are taken over.
    ///
    /// A manager that owns kubectl's annotation through an update counts as client-side kubectl under another name.
    func include(_ entry: Node) -> Bool {
        guard let manager = entry["manager"]?.string, entry["subresource"]?.string ?? "" == "",
            !ManagedMetadata.isOwn(entry)
        else { return false }
        // After a migration to server-side apply, kubectl owns its annotation under this manager name.
        if manager == "kubectl-last-applied" { return true }
        if names.contains(where: { $0.hasSuffix("*") ? manager.hasPrefix($0.dropLast()) : manager == $0 }) {
            return true
        }
        // The agent may also own fields through operations other than an apply.
        if manager == ManagedMetadata.manager { return true }
        let annotation = entry["fieldsV1"]?["f:metadata"]?["f:annotations"]?["f:\(Takeover.lastAppliedAnnotation)"]
        return entry["operation"]?.string == "Update"
            && (Self.clientSideManagers.contains(manager) || annotation != nil)
    }
}

/// The transfer of fields to this agent: fields of managers that are taken over, and fields without a manager.
///
/// An apply removes a field that the manifest no longer has only if the agent owns the field. For kubectl's client-side
/// managers, the corresponding function of client-go is `csaupgrade.UpgradeManagedFields`.
struct Takeover {
    /// The JSON patch that transfers the fields and changes no value.
    ///
    /// The resource version and the UID are replaced, not tested, so that the server answers 409 if the object has
    /// changed or was recreated after it was read.
    let patch: [UInt8]

    /// The managers from which fields are transferred.
    let managers: Set<String>

    /// The fields of this agent after the transfer.
    private let fields: FieldSet

    /// The fields that stay with other managers.
    private let kept: FieldSet

    static let lastAppliedAnnotation = "kubectl.kubernetes.io/last-applied-configuration"

    /// Plans the transfer for an object; returns `nil` if there is nothing to transfer.
    ///
    /// Unowned fields are transferred if `refusal` names them, or if the server would restore removed fields from them.
    init?(of live: Node, from managers: TakenManagers, applying body: Node, despite refusal: ServerStatus? = nil) {
        let entries = live.managedFields
        let own = entries.first(where: ManagedMetadata.isOwn)
        let taken = entries.filter(managers.include)
        let rest = entries.filter { !ManagedMetadata.isOwn($0) && !managers.include($0) }
        // The server drops fields that their entry's API version lacks, so a version that all entries share is kept.
        let versions = ([own].compactMap(\.self) + taken).compactMap { $0["apiVersion"] }.unique()
        let version = versions.count == 1 ? versions[0] : live["apiVersion"] ?? .null()
        let moved = taken.reduce(FieldSet(own?["fieldsV1"])) { $0.union(FieldSet($1["fieldsV1"])) }
        kept = rest.reduce(FieldSet(nil)) { $0.union(FieldSet($1["fieldsV1"])) }
        let all = moved.union(kept)
        let unowned = Self.unowned(refusal?.causes ?? [], in: live, body, all).union(
            moved.copies(leftBy: body, in: live)
        )
        guard !taken.isEmpty || unowned.root != nil else { return nil }
        fields = moved.union(unowned)
        self.managers = Set(taken.compactMap { $0["manager"]?.string })
        let entry = Node.mapping([
            ("manager", .string(ManagedMetadata.manager)), ("operation", .string("Apply")), ("apiVersion", version),
            ("time", .string(Timestamp.now().description)), ("fieldsType", .string("FieldsV1")),
            ("fieldsV1", fields.root ?? .mapping([])),
        ])
        let values = ["uid", "resourceVersion"].compactMap { key in live["metadata"]?[key].map { (key, $0) } }
        let operations = (values + [("managedFields", .sequence([entry] + rest))]).map { key, value in
            Node.mapping([
                ("op", .string("replace")), ("path", .string("/metadata/\(key)")), ("value", value),
            ])
        }
        patch = Node.sequence(operations).json()
    }

    /// Returns the refused fields of the live object, except in lists, that the manifest lacks and nobody owns.
    ///
    /// For example, if the type of a Deployment's strategy changes, the server refuses the defaults of the former type.
    private static func unowned(
        _ causes: [ServerStatus.Cause],
        in live: Node,
        _ body: Node,
        _ owned: FieldSet
    ) -> FieldSet {
        causes.reduce(FieldSet(nil)) { result, cause in
            let path = FieldPath(cause.field)
            let keys = path.text.split(separator: ".").map { "f:\($0)" }
            guard !path.text.contains("["), path.resolve(in: live).node != nil, path.resolve(in: body).node == nil,
                !owned.has(keys)
            else { return result }
            return result.union(FieldSet(path: keys))
        }
    }

    /// Returns a JSON patch that gives an object the content, labels, annotations, finalizers and owners of another.
    static func operations(from live: Node, to new: Node) -> [UInt8] {
        func changes(_ live: Node?, _ new: Node?, at path: String, only keys: (String) -> Bool) -> [Node] {
            let names = [live, new].flatMap { $0?.mapping?.entries.map(\.key) ?? [] }.unique().filter(keys)
            return names.compactMap { name -> Node? in
                guard live?[name] != new?[name] else { return nil }
                let pointer = Node.string("\(path)/\(name.replacing("~", with: "~0").replacing("/", with: "~1"))")
                guard let value = new?[name] else { return .mapping([("op", .string("remove")), ("path", pointer)]) }
                return .mapping([("op", .string("add")), ("path", pointer), ("value", value)])
            }
        }
        let content = changes(live, new, at: "") { !["apiVersion", "kind", "metadata", "status"].contains($0) }
        let metadata = changes(live["metadata"], new["metadata"], at: "/metadata") {
            ["labels", "annotations", "finalizers", "ownerReferences"].contains($0)
        }
        return Node.sequence(content + metadata).json()
    }

    /// Returns an object without the fields that it would lose if `body` were applied after the transfer.
    ///
    /// `isApplied` says whether the object already has the values of `body`.
    func preview(of object: Node, applying body: Node, isApplied: Bool) -> Node {
        let lost = fields.lost(applying: body, keeping: kept, isReplacing: !isApplied)
        return lost.removed(from: object, keepingParentsOf: body)
    }
}
