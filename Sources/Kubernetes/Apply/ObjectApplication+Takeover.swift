import HTTP
import YAML

/// The takeover of fields from other managers.
extension ObjectApplication {
    /// A change that the server has accepted in a dry run.
    struct ValidatedChange {
        /// The JSON patch.
        let patch: [UInt8]
        /// The object after the change.
        let result: Node
    }

    /// Finds the takeover with which the server accepts an object that it refuses without one.
    ///
    /// The object is refused together with fields that the manifest does not have, such as the handler of a probe that
    /// kubectl applied, or a default that no manager owns.
    ///
    /// - Parameters:
    ///   - live: The object on the server.
    ///   - body: The object as it is sent.
    ///   - refusal: The refusal without a takeover.
    ///   - path: The object's path.
    /// - Returns: The change, which the server has accepted in a dry run.
    /// - Throws: ``APIError``: the refusal, or that of the last dry run if a takeover solves a part of it.
    func takeover(
        of live: Node,
        to body: Node,
        despite refusal: APIError.Refusal,
        at path: ObjectPath,
    ) async throws(APIError) -> ValidatedChange {
        var last = refusal
        var tried: FieldSet?
        for withSiblings in [false, true] {
            let unowned = Takeover.refusedUnowned(last.status, in: live, for: body, withSiblings: withSiblings)
            let plan = Takeover(of: live, from: applier.takenManagers, unowned: unowned, isAlwaysPlanned: true)
            guard let plan, unowned != tried else { continue }
            tried = unowned
            do throws(APIError) {
                let patch = plan.patch(applying: body, hasStatusSubresource: path.hasStatusSubresource)
                return ValidatedChange(patch: patch, result: try await patched(path, with: patch, isDryRun: true))
            } catch .refused(let other) where other.isInvalid {
                last = other
            }
        }
        let fields = Set(refusal.status.causes.map(\.field))
        throw .refused(Set(last.status.causes.map(\.field)).isStrictSubset(of: fields) ? last : refusal)
    }

    /// Finds the change that also does what an apply leaves out.
    ///
    /// An apply may give fields without an owner their values again, leave the items of a list in another order, as
    /// servers of 1.20, or keep items of a list that was owned as a whole and is merged item by item now, as after an
    /// update of its definition.
    ///
    /// - Parameters:
    ///   - answer: The object after an apply.
    ///   - live: The object on the server.
    ///   - body: The object as it is sent.
    ///   - path: The object's path.
    /// - Returns: The change, `nil` if an apply leaves nothing out, or if the change would not do it.
    /// - Throws: ``APIError`` if the dry run fails for another reason than that the object would be invalid, which is a
    ///   warning.
    func completion(
        of answer: Node,
        from live: Node,
        to body: Node,
        at path: ObjectPath,
    ) async throws(APIError) -> ValidatedChange? {
        let managers = applier.takenManagers
        let stale = Takeover.staleFields(in: answer, of: manifest, from: managers)
        let fields = FieldSet(ManagedMetadata.fields(in: answer).first)
        let before = managers.fields(in: live)
        func isComplete(_ object: Node) -> Bool {
            fields.isInOrder(body, in: object) && !fields.hasRest(of: before, beside: body, in: object)
        }
        guard stale != nil || !isComplete(answer),
            let plan = Takeover(of: live, from: managers, unowned: stale ?? FieldSet(nil), isAlwaysPlanned: true)
        else { return nil }
        let patch = plan.patch(applying: body, hasStatusSubresource: path.hasStatusSubresource)
        do throws(APIError) {
            let result = try await patched(path, with: patch, isDryRun: true)
            return stale != nil || isComplete(result) ? ValidatedChange(patch: patch, result: result) : nil
        } catch .refused(let refusal) where refusal.isInvalid {
            let text = "a part of its earlier state stays, because \(refusal.status.line)"
            applier.say(.warning(path.identity, text))
            return nil
        }
    }

    /// Performs a validated change, and returns the object.
    func perform(_ change: ValidatedChange, at path: ObjectPath) async throws(APIError) -> Node {
        try await patched(path, with: change.patch, isDryRun: false)
    }

    func patched(_ path: ObjectPath, with patch: [UInt8], isDryRun: Bool) async throws(APIError) -> Node {
        do throws(APIError) {
            return try await client.object(
                "PATCH",
                path.text,
                query: [("fieldManager", ManagedMetadata.manager)] + (isDryRun ? [("dryRun", "All")] : []),
                body: patch,
                contentType: "application/json-patch+json",
                as: path.expected,
                until: deadline,
            ).node
        } catch .refused(let refusal) where refusal.code == 409 {
            throw .pending("another client has changed it since it was read", .retry)
        }
    }

    /// Moves the fields of the managers that are taken over to this agent, and applies the object again.
    ///
    /// As in kubectl, the migration follows an apply, so that differing values have already been reported or forced.
    /// The whole object is applied again, because fields left out earlier as kubectl's would be removed now. Returns
    /// the resulting object.
    func migrate(_ object: Node, at path: ObjectPath, to body: Node) async throws(APIError) -> Node {
        guard let migration = Takeover(of: object, from: applier.takenManagers) else { return object }
        let migrated = try await patched(path, with: migration.patch, isDryRun: false)
        do throws(APIError) {
            return try await reapplied(body, over: migrated, at: path)
        } catch .refused(let refusal) where refusal.isInvalid {
            // Servers of 1.20 leave empty parents of removed fields, such as a probe without a handler.
            let takeover = try await takeover(of: migrated, to: body, despite: refusal, at: path)
            let changed = try await perform(takeover, at: path)
            return try await migrate(try await reapplied(body, over: changed, at: path), at: path, to: body)
        }
    }

    /// Applies the object again after fields were moved, and returns it.
    private func reapplied(_ body: Node, over live: Node, at path: ObjectPath) async throws(APIError) -> Node {
        let proposal = try await proposal(for: body, live: live, at: path)
        let root = guarded(proposal.root, over: live)
        return try await send(root, to: path, isDryRun: false, isForced: proposal.isForced).node
    }

    /// Requests a preview of an object after its migration.
    ///
    /// A dry run of the move stores nothing for a second dry run to build on. The preview is therefore the dry run of a
    /// patch without the fields that the second apply removes, for which the server fills in defaults.
    func migrationPreview(
        of live: Node,
        _ answer: Node,
        to body: Node,
        at path: ObjectPath,
    ) async throws(APIError) -> Node {
        guard let migration = Takeover(of: answer, from: applier.takenManagers) else { return answer }
        let rest = migration.lost(applying: body).removed(from: answer, keepingParentsOf: body)
        let patch = Takeover.operations(from: live, to: rest, hasStatusSubresource: path.hasStatusSubresource)
        guard !patch.isEmpty else { return answer }
        do {
            return try await patched(path, with: Node.sequence(patch).json(), isDryRun: true)
        } catch .refused {
            return answer
        }
    }
}
