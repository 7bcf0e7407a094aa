import YAML

/// An object with the label of an ApplySet.
struct ApplySetMember: Sendable {
    var identity: ObjectIdentity
    /// The object, of which only the metadata is needed.
    var object: Node

    var uid: String { object["metadata"]?["uid"]?.string ?? "" }

    /// What becomes of a member that the manifests do not hold.
    enum Verdict: Sendable, Hashable {
        /// It is deleted.
        case delete
        /// It stays, for a reason.
        case keep(String)
        /// It is not a member: a controller copied the label, such as that of a Service to its Endpoints.
        case ignore
    }

    /// Decides about an object that the manifests do not hold.
    ///
    /// Only what this agent has applied with the label is deleted, and only while nobody else applies it.
    ///
    /// - Parameters:
    ///   - object: The object on the server.
    ///   - type: Its type.
    ///   - id: The ID of the ApplySet.
    ///   - includesProtected: Whether objects of any kind are deleted.
    /// - Returns: What becomes of it.
    static func verdict(
        on object: Node,
        of type: GroupVersionKind,
        in id: String,
        includesProtected: Bool
    ) -> Verdict {
        let metadata = object["metadata"]
        guard metadata?["labels"]?[ApplySet.memberLabel]?.string == id else { return .ignore }
        let others = (metadata?["managedFields"]?.sequence ?? []).filter { entry in
            entry["operation"]?.string == "Apply" && entry["subresource"]?.string ?? "" == ""
                && !ManagedMetadata.isOwn(entry)
        }
        if let other = others.first?["manager"]?.string { return .keep("field manager '\(other)' applies it") }
        let isApplied = ManagedMetadata.fields(in: object).contains { fields in
            fields["f:metadata"]?["f:labels"]?["f:\(ApplySet.memberLabel)"] != nil
        }
        guard isApplied else { return .ignore }
        if let owner = metadata?["ownerReferences"]?.sequence?.first {
            return .keep("it is owned by \(owner["kind"]?.string ?? "")/\(owner["name"]?.string ?? "")")
        }
        guard includesProtected || !ApplySet.isProtected(type) else {
            return .keep("a \(type.kind) is deleted only with 'prune: all'")
        }
        return .delete
    }
}
