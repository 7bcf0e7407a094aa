import Base
import HTTP
import YAML

/// Objects that do not exist.
extension ObjectApplication {
    /// Returns whether the object is sent without being read before, because it did not exist a moment ago.
    ///
    /// - Parameter identity: The object, with a namespace only if its kind has one.
    /// - Returns: `false` in a dry run.
    func mayCreateUnread(_ identity: ObjectIdentity) -> Bool {
        (isListedAsMissing || created?.include(identity) == true) && !isDryRun
    }

    /// Creates an object that was not read.
    ///
    /// The request has the resource version of no object, so that the server refuses it if another client has created the
    /// object meanwhile, and changes nothing.
    ///
    /// - Returns: The result, `nil` if the object exists or is refused, and is to be read.
    func unreadCreationResult(
        _ body: Node,
        at path: ObjectPath,
        _ resource: APIResource,
        _ memory: inout Memory,
    ) async throws(APIError) -> Result? {
        memory.hasTriedCreation = true
        do throws(APIError) {
            return try await creationResult(withAbsentVersion(body), at: path, resource, &memory)
        } catch .refused(let refusal) where refusal.code == 409 || refusal.isInvalid {
            return nil
        }
    }

    /// Creates the object, and returns the result.
    func creationResult(
        _ body: Node,
        at path: ObjectPath,
        _ resource: APIResource,
        _ memory: inout Memory,
    ) async throws(APIError) -> Result {
        var reply = try await create(body, at: path, &memory)
        if let labelled = try await addJobLabels(to: reply.node, at: path, resource) { reply.node = labelled }
        reportWarnings(of: reply.response)
        // The object may have been created since the read, by another node or by an attempt without a response.
        let found = memory.intended ?? (ManagedMetadata.isAsCreated(reply.node) ? .unchanged : .configured)
        let isReplaced = memory.replacement != nil
        let change = isReplaced ? .replaced : reply.response.status == 201 ? .created : found
        let diff = isDryRun ? diff(from: nil, to: reply.node, at: path) : []
        let written = isOnlyCreated ? nil : await verification(ofWritten: reply.node, at: path)
        return Result(
            identity: path.identity,
            effect: ObjectResult(change, diff: diff, notes: [memory.replacement?.note].compactMap(\.self)),
            object: reply.node,
            verification: written
        )
    }

    /// Creates an object, which another client may have created since the read.
    private func create(
        _ body: Node,
        at path: ObjectPath,
        _ memory: inout Memory,
    ) async throws(APIError) -> (node: Node, response: HTTPResponse) {
        do throws(APIError) {
            let body = guarded(body, over: nil)
            return try await write(body, to: path, as: .created, isForced: applier.forceConflicts, &memory)
        } catch .refused(let refusal) where refusal.status.isFieldConflict && (isOnlyCreated || applier.keepsConflicts)
        {
            throw .pending("another client has created it since it was read", .retry)
        }
    }

    /// Adds to a Job created without labels the labels that the server gave its pods; see ``ManagedMetadata``.
    private func addJobLabels(
        to created: Node,
        at path: ObjectPath,
        _ resource: APIResource
    ) async throws(APIError) -> Node? {
        let before = body(for: resource, namespace: path.identity.namespace, live: nil)
        let after = body(for: resource, namespace: path.identity.namespace, live: created)
        guard !isDryRun, !isOnlyCreated, before["metadata"]?["labels"] != after["metadata"]?["labels"] else {
            return nil
        }
        return try await send(
            guarded(after, over: created),
            to: path,
            isDryRun: false,
            isForced: applier.forceConflicts
        ).node
    }
}

/// Objects that are created and then left to others.
extension ObjectApplication {
    /// Whether the manifest says that the object is created and never changed.
    var isOnlyCreated: Bool { ObjectAnnotation.apply.isSet(in: manifest.root) }

    /// Returns the result for an existing object that is left to others, `nil` if the manifest is applied to it.
    ///
    /// - Parameters:
    ///   - live: The object on the server, if it exists.
    ///   - identity: The object's identity on the server.
    ///   - change: The change of an earlier attempt without a response, which may have created the object.
    /// - Returns: The result, with a remark that says who leaves the object to others.
    func resultIfLeft(_ live: Node?, of identity: ObjectIdentity, _ change: ObjectResult.Change?) -> Result? {
        let annotation = ObjectAnnotation.apply
        guard let live, isOnlyCreated || annotation.isSet(in: live) else { return nil }
        if let change { return Result(identity: identity, effect: ObjectResult(change), object: live) }
        let setting = "'\(annotation.key): \(annotation.value)'"
        let note =
            isOnlyCreated
            ? "left to others (its manifest has the annotation \(setting))"
            : "left to others (it has the annotation \(setting), which its manifest does not have); to apply the manifest "
                + "again: 'kubectl annotate \(identity.kubectlArguments) \(annotation.key)-'"
        return Result(identity: identity, effect: ObjectResult(.unchanged, notes: [note]), object: live)
    }
}

extension ObjectIdentity {
    /// The arguments with which `kubectl` names the object, such as `job.batch a -n default`.
    var kubectlArguments: String {
        "\(DefinedKind(type).text.lowercased()) \(name)" + (namespace.map { " -n \($0)" } ?? "")
    }
}
