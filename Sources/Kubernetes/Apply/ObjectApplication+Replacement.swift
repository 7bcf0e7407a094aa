import Base

extension ObjectApplication {
    /// The deletion of an object, which is then created again.
    struct Replacement {
        let uid: String
        /// The remark for the result, which names the first field that cannot be changed.
        let note: String
    }

    /// Deletes an object with immutable fields if it may be replaced, so that the next attempt creates it.
    ///
    /// - Returns: The result of a dry run; a real run always throws.
    /// - Throws: The refusal if the object may not be replaced, the error of a failed request, or
    ///   ``APIError/beingDeleted(_:)`` once the deletion has been requested.
    func replace(
        _ live: Node,
        despite refusal: APIError.Refusal,
        at path: ObjectPath,
        with body: Node,
        _ memory: inout Memory,
    ) async throws(APIError) -> ObjectResult {
        let reasons: Set = ["FieldValueInvalid", "FieldValueForbidden"]
        let causes = refusal.status.causes
        // If another manager owns a field, the refusal may be due to that field, which the deletion would remove.
        let isShared = !live.managedFields.allSatisfy {
            ManagedMetadata.isOwn($0) || FieldSet($0["fieldsV1"]).isBesideContent
        }
        guard ObjectAnnotation.replace.isSet(in: manifest.root), !causes.isEmpty,
            causes.allSatisfy({ reasons.contains($0.reason) && (!isShared || Explanation.isImmutability($0)) }),
            ManagedMetadata.isOnlyApplied(live),
            let uid = live["metadata"]?["uid"]?.string, memory.replacement.map({ $0.uid == uid }) ?? true,
            try await isCreatable(self.body(at: path, live: nil), at: path)
        else { throw .refused(refusal) }
        let names = causes.map { FieldPath($0.field).name }.unique()
        let list = names.count > 1 ? "\(names[0]) and \(names.count - 1) more" : names[0]
        let note = "deleted and created again, because \(list) cannot be changed"
        if isDryRun {
            let diff = diff(from: live, to: body, at: path)
            return ObjectResult(.replaced, diff: diff, notes: [note])
        }
        // Recorded before the request, because the deletion may succeed although its response is lost.
        memory.replacement = Replacement(uid: uid, note: note)
        _ = try await client.delete(path, live, policy: "Foreground", isDryRun: false, until: deadline)
        throw .beingDeleted([])
    }

    /// Returns whether the server would create the object if it did not exist.
    ///
    /// The server validates the object before it reports that the name, or an address or port of a Service, is taken.
    private func isCreatable(_ body: Node, at path: ObjectPath) async throws(APIError) -> Bool {
        do throws(APIError) {
            _ = try await client.object(
                "POST",
                path.collection,
                query: Self.query(isForced: false, isDryRun: true),
                body: body.json(),
                contentType: "application/json",
                until: deadline,
            )
            return true
        } catch .refused(let refusal) where refusal.status.reason == "AlreadyExists" {
            return true
        } catch .refused(let refusal) where refusal.isInvalid {
            return !refusal.status.causes.isEmpty
                && refusal.status.causes.allSatisfy { $0.message.contains("is already allocated") }
        }
    }
}
