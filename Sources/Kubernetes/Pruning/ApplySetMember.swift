import YAML

/// An object with the label of an ApplySet.
struct ApplySetMember: Sendable {
    var identity: ObjectIdentity
    /// The object; only its metadata is needed.
    var object: Node

    var uid: String { object["metadata"]?["uid"]?.string ?? "" }

    /// Whether no other manager owns a field of the object's content.
    ///
    /// The field managers of an object that somebody else created, and that got the label later, show its creator.
    var isOnlyOurs: Bool {
        (object["metadata"]?["managedFields"]?.sequence ?? []).allSatisfy { entry in
            ManagedMetadata.isOwn(entry) || FieldSet(entry["fieldsV1"]).isBesideContent
        }
    }

    /// The decision about a member that the manifests do not contain.
    enum Verdict: Sendable, Hashable {
        case delete
        /// The member is kept, for the given reason.
        case keep(String)
        /// The object is not a member: a controller copied the label, for example from a Service to its Endpoints.
        case ignore
    }

    /// Decides whether to delete an object that the manifests do not contain.
    ///
    /// An object is deleted only if this agent has applied it with the label and no other field manager applies it.
    ///
    /// - Parameters:
    ///   - object: The object on the server.
    ///   - type: The type of the object.
    ///   - set: The ApplySet.
    ///   - includesProtected: Whether objects of protected kinds are deleted too.
    /// - Returns: The decision.
    static func verdict(
        on object: Node,
        of type: GroupVersionKind,
        in set: ApplySet,
        includesProtected: Bool
    ) -> Verdict {
        let metadata = object["metadata"]
        guard metadata?["labels"]?[ApplySet.memberLabel]?.string == set.id else { return .ignore }
        let owner = metadata?["ownerReferences"]?.sequence?.first
        // Servers of version 1.20 do not record that an APIService was applied.
        let own = type.group == APIServiceSupport.group ? ManagedMetadata.updatedFields(in: object) : []
        let isApplied = (ManagedMetadata.fields(in: object) + own).contains { fields in
            fields["f:metadata"]?["f:labels"]?["f:\(ApplySet.memberLabel)"] != nil
        }
        guard isApplied else {
            // Controllers copy labels, and some also copy annotations, but only to objects that have an owner.
            guard ManagedMetadata.task(of: object) != nil, owner == nil else { return .ignore }
            return .keep("its managed fields do not say that \(ManagedMetadata.manager) applied it, as after a restore")
        }
        guard !ObjectAnnotation.prune.isSet(in: object) else {
            return .keep("its annotation '\(ObjectAnnotation.prune.key)' says so")
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
            return .keep("a \(type.kind) is deleted only with '\(set.declarationOfAll)'")
        }
        return .delete
    }
}
