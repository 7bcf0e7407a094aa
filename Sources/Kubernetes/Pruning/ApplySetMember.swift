import YAML

/// An object with the label of an ApplySet.
struct ApplySetMember: Sendable {
    var identity: ObjectIdentity
    /// The object, of which only the metadata is needed.
    var object: Node

    var uid: String { object["metadata"]?["uid"]?.string ?? "" }

    /// The decision about a member that the manifests do not contain.
    enum Verdict: Sendable, Hashable {
        case delete
        /// It stays, for a reason.
        case keep(String)
        /// It is not a member: a controller copied the label, such as that of a Service to its Endpoints.
        case ignore
    }

    /// Decides about an object that the manifests do not contain.
    ///
    /// Only what this agent has applied with the label is deleted, and only while nobody else applies it.
    ///
    /// - Parameters:
    ///   - object: The object on the server.
    ///   - type: Its type.
    ///   - set: The ApplySet.
    ///   - includesProtected: Whether objects of any kind are deleted.
    /// - Returns: What becomes of it.
    static func verdict(
        on object: Node,
        of type: GroupVersionKind,
        in set: ApplySet,
        includesProtected: Bool
    ) -> Verdict {
        let metadata = object["metadata"]
        guard metadata?["labels"]?[ApplySet.memberLabel]?.string == set.id else { return .ignore }
        let owner = metadata?["ownerReferences"]?.sequence?.first
        // Servers of 1.20 do not record an APIService as applied.
        let own = type.group == APIServiceSupport.group ? ManagedMetadata.updatedFields(in: object) : []
        let isApplied = (ManagedMetadata.fields(in: object) + own).contains { fields in
            fields["f:metadata"]?["f:labels"]?["f:\(ApplySet.memberLabel)"] != nil
        }
        guard isApplied else {
            // Controllers copy labels, and some copy annotations too, but to objects that have an owner.
            guard ManagedMetadata.task(of: object) == set.task, owner == nil else { return .ignore }
            return .keep("its managed fields do not say that \(ManagedMetadata.manager) applied it, as after a restore")
        }
        let others = (metadata?["managedFields"]?.sequence ?? []).filter { entry in
            entry["operation"]?.string == "Apply" && entry["subresource"]?.string ?? "" == ""
                && !ManagedMetadata.isOwn(entry)
        }
        if let other = others.first?["manager"]?.string { return .keep("field manager '\(other)' applies it") }
        if let owner {
            return .keep("it is owned by \(owner["kind"]?.string ?? "")/\(owner["name"]?.string ?? "")")
        }
        guard includesProtected || !ApplySet.isProtected(type) else {
            return .keep("a \(type.kind) is deleted only with 'prune: all'")
        }
        return .delete
    }
}
