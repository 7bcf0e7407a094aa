import Base
import TLS
import YAML

/// Objects that are deleted and created again, because a field cannot be changed.
extension ObjectApplication {
    /// The decision to delete an object and to create it again.
    struct Replacement {
        /// The UID of the object that is deleted.
        let uid: String
        /// The fields that cannot be changed, for a remark.
        let note: String
    }

    /// Deletes an object that the server refuses to change, so that the next attempt creates it.
    ///
    /// - Parameters:
    ///   - live: The object on the server.
    ///   - refusal: The refusal of the change.
    ///   - path: The object's path.
    ///   - memory: Facts from earlier attempts.
    /// - Returns: The predicted result, in a dry run.
    /// - Throws: ``APIError``: the refusal, unless the object may be replaced, or ``APIError/beingDeleted(_:)``.
    func replace(
        _ live: Node,
        despite refusal: APIError.Refusal,
        at path: ObjectPath,
        _ memory: inout Memory,
    ) async throws(APIError) -> Result {
        let replacement = try await validatedReplacement(
            of: live,
            despite: refusal,
            at: path,
            after: memory.replacement
        )
        // The object may be gone although the response to its deletion is lost.
        memory.replacement = replacement
        try await deleteForReplacement(live, at: path)
        guard isDryRun else { throw .beingDeleted([]) }
        let diff = diff(from: live, to: try await previewOfCreation(live, at: path), at: path)
        return Result(
            identity: path.identity,
            effect: ObjectResult(.replaced, diff: diff, notes: [replacement.note])
        )
    }

    /// Decides whether an object that the server refuses to change is replaced.
    ///
    /// Dry runs decide, not the text of the refusal: the server refuses the change even if the object gets all
    /// fields of the manifest and no others, and it would create the object if it did not exist.
    ///
    /// - Parameters:
    ///   - live: The object on the server.
    ///   - refusal: The refusal of the change.
    ///   - path: The object's path.
    ///   - earlier: The replacement that an earlier attempt has begun.
    /// - Returns: The replacement, which the server has accepted in a dry run.
    /// - Throws: ``APIError``: the refusal, unless the object may be replaced.
    private func validatedReplacement(
        of live: Node,
        despite refusal: APIError.Refusal,
        at path: ObjectPath,
        after earlier: Replacement?,
    ) async throws(APIError) -> Replacement {
        let reasons: Set = ["FieldValueInvalid", "FieldValueForbidden"]
        let causes = refusal.status.causes
        guard ObjectAnnotation.replace.isSet(in: manifest.root), !causes.isEmpty,
            causes.allSatisfy({ reasons.contains($0.reason) }), let uid = live["metadata"]?["uid"]?.string,
            earlier == nil || earlier?.uid == uid
        else { throw .refused(refusal) }
        if let obstacle = try await obstacle(to: live, at: path) {
            applier.say(.warning(path.identity, "it is not deleted and created again: \(obstacle)"))
            throw .refused(refusal)
        }
        let names = causes.map { FieldPath($0.field).name }.unique()
        let list = names.count > 1 ? "\(names[0]) and \(names.count - 1) more" : names[0]
        return Replacement(uid: uid, note: "deleted and created again, because \(list) cannot be changed")
    }

    /// Returns why an object is not deleted, `nil` if it may be.
    private func obstacle(to live: Node, at path: ObjectPath) async throws(APIError) -> String? {
        let metadata = live["metadata"]
        if let owner = metadata?["ownerReferences"]?.sequence?.first {
            return "it is owned by \(owner["kind"]?.string ?? "")/\(owner["name"]?.string ?? "")"
        }
        let entries = metadata?["managedFields"]?.sequence ?? []
        let lastApplied = Takeover.lastApplied(of: live)
        var isOwn = false
        for entry in entries {
            if ManagedMetadata.isOwn(entry) || applier.takenManagers.share(of: entry, lastApplied: lastApplied) != nil {
                isOwn = true
            } else if entry["operation"]?.string == "Apply", entry["subresource"]?.string ?? "" == "" {
                return "field manager '\(entry["manager"]?.string ?? "")' applies it"
            }
        }
        guard isOwn else { return "its managed fields do not say that \(ManagedMetadata.manager) applied it" }
        if try await isChangeable(live, at: path) { return "the server refuses fields that other managers own" }
        return try await refusedCreation(live, at: path).map { "the server would not create it: \($0)" }
    }

    /// Returns whether the server accepts an object with all fields of the manifest and no others.
    ///
    /// If it does, no field of the manifest is fixed, but one that is not in the manifest excludes it.
    private func isChangeable(_ live: Node, at path: ObjectPath) async throws(APIError) -> Bool {
        guard var wanted = live.mapping, let written = SecretData.sent(manifest.root).mapping else { return false }
        let left = ["apiVersion", "kind", "metadata"] + (path.hasStatusSubresource ? ["status"] : [])
        for key in wanted.entries.map(\.key) where !left.contains(key) { wanted[key] = nil }
        for entry in written.entries where !left.contains(entry.key) { wanted[entry.key] = entry.value }
        if var spec = wanted["spec"]?.mapping, manifest.identity.type.group.isEmpty,
            manifest.identity.type.kind == "Service"
        {
            // The server has allocated the addresses, unless the agent has set them, and refuses a Service without them.
            let isAllocated = ManagedMetadata.fields(in: live).allSatisfy { $0["f:spec"]?["f:clusterIP"] == nil }
            if spec["clusterIP"] == nil, isAllocated {
                (spec["clusterIP"], spec["clusterIPs"]) = (live["spec"]?["clusterIP"], live["spec"]?["clusterIPs"])
            }
            wanted["spec"] = .mapping(spec.entries.map { ($0.key, $0.value) })
        }
        let new = Node(.mapping(wanted), location: live.location)
        let patch = Takeover.operations(from: live, to: new, hasStatusSubresource: path.hasStatusSubresource)
        do throws(APIError) {
            _ = try await patched(path, with: Node.sequence(patch).json(), isDryRun: true)
            return true
        } catch .refused(let refusal) where refusal.isInvalid {
            return false
        }
    }

    /// Returns the reason why the server would not create the object if it did not exist, `nil` if it would.
    ///
    /// The server validates the object before it finds that the name is taken.
    private func refusedCreation(_ live: Node, at path: ObjectPath) async throws(APIError) -> String? {
        let resource = try await client.catalog.resource(of: path.identity.type, on: client, until: deadline)
        let body = ServiceAllocation(live).withoutAllocations(
            body(for: resource, namespace: path.identity.namespace, live: nil)
        )
        do throws(APIError) {
            _ = try await client.object(
                "POST",
                path.collection,
                query: [("fieldManager", ManagedMetadata.manager), ("fieldValidation", "Strict"), ("dryRun", "All")],
                body: body.json(),
                contentType: "application/json",
                until: deadline,
            )
            return nil
        } catch .refused(let refusal) where refusal.status.reason == "AlreadyExists" {
            return nil
        } catch .refused(let refusal) where refusal.disposition == .permanent || refusal.code == 403 {
            return refusal.status.words
        }
    }

    /// Requests the deletion of an object that is replaced; its dependents are deleted before it.
    ///
    /// - Parameters:
    ///   - live: The object as it was when the decision was made.
    ///   - path: The object's path.
    /// - Throws: ``APIError``, unless the object is gone or being deleted.
    private func deleteForReplacement(_ live: Node, at path: ObjectPath) async throws(APIError) {
        let preconditions = ["uid", "resourceVersion"].compactMap { field in
            live["metadata"]?[field].map { (field, $0) }
        }
        let dryRun = isDryRun ? [("dryRun", Node.sequence([.string("All")]))] : []
        let options: [(String, Node)] = [
            ("apiVersion", .string("v1")), ("kind", .string("DeleteOptions")),
            ("propagationPolicy", .string("Foreground")), ("preconditions", .mapping(preconditions)),
        ]
        do throws(APIError) {
            _ = try await client.object(
                "DELETE",
                path.text,
                body: Node.mapping(options + dryRun).json(),
                contentType: "application/json",
                until: deadline,
            )
        } catch .refused(let refusal) where refusal.code == 404 && !refusal.status.isUnknownResource {
            // It is gone already.
        } catch .refused(let refusal) where refusal.code == 409 {
            throw .pending("another client has changed it since it was read", .retry)
        }
    }

    /// Requests the object as the server would create it, with its defaults, for a preview.
    ///
    /// The name is another one, because the object still exists.
    private func previewOfCreation(_ live: Node, at path: ObjectPath) async throws(APIError) -> Node {
        let resource = try await client.catalog.resource(of: path.identity.type, on: client, until: deadline)
        let body = ServiceAllocation(live).withoutAllocations(
            body(for: resource, namespace: path.identity.namespace, live: nil)
        )
        let other = "\(path.identity.name.prefix(40))-\(sha256(Array(path.text.utf8)).prefix(8))"
        let reply = try? await client.object(
            "POST",
            path.collection,
            query: [("fieldManager", ManagedMetadata.manager), ("dryRun", "All")],
            body: Self.renamed(body, to: other).json(),
            contentType: "application/json",
            until: deadline,
        ).node
        return reply.map { Self.renamed($0, to: path.identity.name) } ?? body
    }

    private static func renamed(_ object: Node, to name: String) -> Node {
        guard var mapping = object.mapping, var metadata = mapping["metadata"]?.mapping else { return object }
        metadata["name"] = .string(name)
        mapping["metadata"] = Node(.mapping(metadata), location: mapping["metadata"]?.location ?? .nowhere)
        return Node(.mapping(mapping), location: object.location)
    }
}

extension ServiceAllocation {
    /// Returns a Service without the addresses and ports that this one has; other objects are returned unchanged.
    ///
    /// They are free once this Service is deleted.
    func withoutAllocations(_ object: Node) -> Node {
        guard object["kind"]?.string == "Service", var mapping = object.mapping,
            var spec = mapping["spec"]?.mapping
        else { return object }
        let addresses =
            [spec["clusterIP"]].compactMap { $0?.string } + (spec["clusterIPs"]?.sequence ?? []).compactMap(\.string)
        if addresses.contains(where: self.addresses.contains) { (spec["clusterIP"], spec["clusterIPs"]) = (nil, nil) }
        if let port = spec["healthCheckNodePort"]?.integer, ports.contains(port) { spec["healthCheckNodePort"] = nil }
        if let list = spec["ports"]?.sequence {
            let free = list.map { item -> Node in
                guard let port = item["nodePort"]?.integer, ports.contains(port), var fields = item.mapping else {
                    return item
                }
                fields["nodePort"] = nil
                return Node(.mapping(fields), location: item.location)
            }
            spec["ports"] = .sequence(free)
        }
        mapping["spec"] = .mapping(spec.entries.map { ($0.key, $0.value) })
        return Node(.mapping(mapping), location: object.location)
    }
}
