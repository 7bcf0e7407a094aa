import Base
import HTTP

/// The application of one object; nothing is sent if the object is unchanged or left to others.
struct ObjectApplication {
    let applier: Applier
    let manifest: ManifestObject

    /// Facts from earlier attempts.
    struct Memory {
        /// The object's identity in the manifest or, once its kind has been looked up, on the server.
        var identity: ObjectIdentity
        /// The listed objects, by the path of the collection and by name; only the first attempt has them.
        var listed: [String: [String: Node]]
        /// The live object as last read, for the explanation of a refusal.
        var live: Node?
        /// The object before the first write that may have changed it.
        var original: Node?
        /// Whether a failed request may nevertheless have created the object.
        var mayHaveCreated = false
        /// Whether the server has refused to create the object with a resource version.
        var isVersionRefused = false
        /// The replacement of the object, once its deletion has been requested.
        var replacement: Replacement?
    }

    var client: APIClient { applier.client }
    var deadline: ContinuousClock.Instant { applier.retryPolicy.deadline }
    var isDryRun: Bool { applier.dryRunOverlay != nil }

    /// Applies the object, and retries as long as another attempt is worthwhile.
    ///
    /// Only the first attempt uses the listed objects.
    ///
    /// - Returns: The object's identity on the server, or in the manifest if the server lacks the kind, and the result.
    func run(_ listed: [String: [String: Node]]) async throws(ObjectFailure) -> (ObjectIdentity, ObjectResult) {
        var memory = Memory(identity: manifest.identity, listed: listed)
        do throws(APIError) {
            let subject = Wait.Subject(.object, "\(manifest.identity)")
            let result = try await applier.retryPolicy.retry(subject) { () async throws(APIError) in
                do throws(APIError) {
                    return try await attempt(&memory)
                } catch {
                    memory.listed = [:]
                    guard case .refused(var refusal) = error, refusal.disposition == .transient,
                        let missing = refusal.status.missingRequirement(of: manifest.identity.type),
                        await !applier.mayAppear(missing)
                    else { throw error }
                    // The plan cannot create the missing kind or namespace.
                    refusal.disposition = .permanent
                    throw .refused(refusal)
                }
            }
            applier.dryRunOverlay?.recordPlanned(manifest, isChanged: result.change != .unchanged)
            return (memory.identity, result)
        } catch {
            throw applier.explanation(of: manifest, live: memory.live).failure(for: error)
        }
    }

    private func attempt(_ memory: inout Memory) async throws(APIError) -> ObjectResult {
        do throws(APIError) {
            var path = try await client.path(of: manifest.identity, until: deadline)
            memory.identity = path.identity
            var live =
                if let names = memory.listed[path.collection] {
                    names[path.identity.name]
                } else {
                    try await client.find(path.text, as: path.identity, until: deadline)
                }
            path.uid = live?["metadata"]?["uid"]?.string
            memory.live = live
            try checkDeletion(of: live, path.identity)
            if isDryRun, let gone = live, ManagedMetadata.isBeingDeleted(gone) {
                return planned(creationOf: path.identity)
            }
            if let left = resultIfLeft(live, memory) { return left }
            var body = body(at: path, live: live)
            if let live, memory.original == nil, memory.replacement == nil, isUnchanged(live, body) {
                return ObjectResult(memory.mayHaveCreated ? .created : .unchanged)
            }
            var takeover = live.flatMap { Takeover(of: $0, from: applier.takenManagers, applying: manifest.root) }
            if let plan = takeover, let found = live, !isDryRun {
                live = try await take(plan, of: found, at: path, &memory)
                body = self.body(at: path, live: live)
                takeover = nil
            }
            return try await change(live, to: body, at: path, takeover, &memory)
        } catch .refused(let refusal)
            where refusal.code == 404 && applier.dryRunOverlay?.covers(memory.identity) == true
        {
            return planned(creationOf: memory.identity)
        } catch .refused(let refusal)
            where [400, 422, 500].contains(refusal.code)
            && applier.dryRunOverlay?.changes(manifest.identity.type) == true
        {
            let note = "not checked, because its definition would change first"
            return ObjectResult(memory.live == nil ? .created : .configured, notes: [note])
        }
    }

    /// Returns whether applying the object would certainly change nothing.
    ///
    /// The agent must have applied this manifest last, the live object must have the manifest's values, and there must
    /// be no fields to take over. A Secret has no digest, so it is always applied. So is an object with a content field
    /// of another manager, which may have added to a value that the agent owns as a whole.
    private func isUnchanged(_ live: Node, _ body: Node) -> Bool {
        let entries = live.managedFields
        guard !manifest.identity.type.isSecret, let digest = ManagedMetadata.digest(of: live),
            digest == ManagedMetadata.digest(of: body), let own = entries.first(where: ManagedMetadata.isOwn)
        else { return false }
        return live.includes(body, owned: { own["fieldsV1"] })
            && entries.allSatisfy { entry in
                ManagedMetadata.isOwn(entry)
                    || FieldSet(entry["fieldsV1"]).isBesideContent && !applier.takenManagers.include(entry)
            }
    }

    /// Returns the object in the form that is sent to the server.
    func body(at path: ObjectPath, live: Node?) -> Node {
        var root = ManagedMetadata.sentSecret(manifest.root)
        guard var mapping = root.mapping else { return root }
        // Only controllers write the status; controller-gen writes an empty status into CustomResourceDefinitions.
        if path.hasStatusSubresource { mapping["status"] = nil }
        // A controller fills and owns the rules of a ClusterRole with an aggregation rule.
        if root["kind"]?.string == "ClusterRole", root["aggregationRule"]?.mapping != nil,
            let rules = root["rules"], rules.isNull || rules.sequence?.isEmpty == true
        {
            mapping["rules"] = nil
        }
        if let entries = mapping["metadata"]?.mapping?.entries {
            var metadata = Mapping(entries.filter { !Difference.volatile.contains($0.key) })
            // kubectl also omits a cluster-scoped object's namespace; the server refuses a Namespace with a namespace.
            if path.identity.namespace == nil { metadata["namespace"] = nil }
            mapping["metadata"] = Node(.mapping(metadata), location: root.location)
        }
        root.content = .mapping(mapping)
        let others = (live?.managedFields ?? []).filter {
            !ManagedMetadata.isOwn($0) && !applier.takenManagers.include($0)
        }
        let stamped = applier.managedMetadata.stamp(
            root,
            namespace: path.identity.namespace,
            over: live,
            others: others
        )
        guard let live else { return stamped }
        return IgnoredFields(of: manifest.root).retained(in: stamped, as: live, others, keepsParents: keepsParents)
    }

    /// Whether the parents of a field that is left to others are sent even if they are empty.
    ///
    /// In a custom resource without a schema, the server removes a mapping that the agent no longer applies, with all
    /// that others own in it. In built-in kinds it does not, and an empty member of a union would prevent another
    /// manager from setting another member.
    private var keepsParents: Bool { !manifest.identity.type.isBuiltIn }

    /// Sends the object, and sends it again after a conflict or another refusal that can be resolved.
    private func change(
        _ live: Node?,
        to body: Node,
        at path: ObjectPath,
        _ takeover: Takeover?,
        _ memory: inout Memory,
    ) async throws(APIError) -> ObjectResult {
        var (body, live, notes) = (body, live, [String]())
        var isForced = live != nil && applier.conflicts == .force
        var lastRefusal: APIError.Refusal?
        for _ in 0..<5 {
            do throws(APIError) {
                var reply = try await write(body, over: live, to: path, isForced: isForced, &memory)
                if let takeover, let live {
                    let fields = reply.node["metadata"]?["managedFields"]
                    reply.node = try await planned(
                        takeover.preview(of: reply.node, applying: body, isApplied: true),
                        over: live,
                        at: path
                    )
                    .with(fields, at: "metadata", "managedFields")
                }
                return try result(of: reply, over: live, at: path, takeover, notes, memory)
            } catch .refused(let refusal) where refusal.status.isFieldConflict {
                guard let live else { throw .pending("another client has created it since it was read", .retry) }
                let left = refusal.status.conflicts.filter {
                    takeover?.managers.contains($0.manager) != true && !ManagedMetadata.isOwn($0.path)
                }
                let real = try await differing(left, body, live, at: path)
                let rest = left.reduce(body) { $1.path.removed(from: $0, keepsParents: keepsParents) }
                if real.isEmpty, applier.conflicts != .keep || left.isEmpty {
                    isForced = true
                } else if applier.conflicts == .keep, rest != body {
                    notes += self.notes(about: real, live)
                    body = rest
                } else {
                    throw .refused(refusal.limited(to: real))
                }
            } catch .refused(let refusal) where refusal.isInvalid {
                guard let found = live else { throw .refused(refusal) }
                let plan = Takeover(of: found, from: applier.takenManagers, applying: body, despite: refusal.status)
                guard let plan, refusal.status.causes != lastRefusal?.status.causes else {
                    return try await replace(found, despite: refusal, at: path, with: body, &memory)
                }
                if isDryRun {
                    let rest = plan.preview(of: found, applying: body, isApplied: false)
                    let preview = try await planned(rest.merged(with: body), over: found, at: path)
                    return planned(found, preview, path, notes)
                }
                live = try await take(plan, of: found, at: path, &memory)
                lastRefusal = refusal
            } catch .refused(let refusal) where live == nil && refusal.isOfVersion {
                memory.isVersionRefused = true
                lastRefusal = refusal
            }
        }
        throw lastRefusal.map { .refused($0) } ?? .pending("its fields keep changing their managers", .transient)
    }

    /// Returns the conflicts in which a forced request would change a value.
    ///
    /// The server also reports a conflict if the manifest writes the same value differently, such as `1000m` for `1`. If
    /// a path is that of another API version, no form of the object has it, and the values count as different.
    private func differing(
        _ conflicts: [ServerStatus.Conflict],
        _ body: Node,
        _ live: Node,
        at path: ObjectPath,
    ) async throws(APIError) -> [ServerStatus.Conflict] {
        var forced = body
        do throws(APIError) {
            forced = try await client.object(
                "PATCH",
                path.text,
                query: Self.query(isForced: true, isDryRun: true),
                body: body.json(),
                as: path.expected,
                until: deadline,
            ).node
        } catch .refused(let refusal) where refusal.isInvalid || refusal.code == 400 {
            // Without the server's result, values that are written in different forms count as different.
        }
        return conflicts.filter { conflict in
            let (old, new) = (conflict.path.resolve(in: live).node, conflict.path.resolve(in: forced).node)
            return old != new || new == nil && conflict.path.resolve(in: body).node == nil
        }
    }

    /// Returns a remark about each field that keeps its value on the server, with its managers and both values.
    private func notes(about conflicts: [ServerStatus.Conflict], _ live: Node) -> [String] {
        let explanation = applier.explanation(of: manifest, live: live)
        return conflicts.map(\.path).unique().sorted { $0.text < $1.text }.map { field in
            let managers = conflicts.filter { $0.path == field }.map(\.manager).unique()
            let path = ManagedMetadata.writtenPath(of: field, in: manifest)
            let values =
                "\(explanation.shown(field, in: live)) on the server, \(explanation.shown(path, in: manifest.root)) here"
            return "\(path.name) is kept, because \(quotedList(managers)) owns it: \(values)"
        }
    }

    /// Transfers the fields of a takeover to the agent, and returns the resulting object.
    private func take(
        _ plan: Takeover,
        of live: Node,
        at path: ObjectPath,
        _ memory: inout Memory
    ) async throws(APIError) -> Node {
        memory.original = memory.original ?? live
        do throws(APIError) {
            return try await client.object(
                "PATCH",
                path.text,
                query: [("fieldManager", ManagedMetadata.manager)],
                body: plan.patch,
                contentType: "application/json-patch+json",
                as: path.expected,
                until: deadline,
            ).node
        } catch .refused(let refusal) where refusal.code == 409 {
            throw .pending("another client has changed it since it was read", .retry)
        }
    }

    /// Sends the object by server-side apply, and records a change whose success is unknown.
    ///
    /// Except in a dry run, a request that is forced or creates the object has a resource version, so that the server
    /// refuses it if the object has changed since it was read. A creation omits a version that was refused.
    private func write(
        _ body: Node,
        over live: Node?,
        to path: ObjectPath,
        isForced: Bool,
        _ memory: inout Memory,
    ) async throws(APIError) -> (node: Node, response: HTTPResponse) {
        let isGuarded = isForced || live == nil && !memory.isVersionRefused
        let version = live.map { $0["metadata"]?["resourceVersion"] ?? .null() } ?? .string(Self.absentVersion)
        let sent = isGuarded && !isDryRun ? body.with(version, at: "metadata", "resourceVersion") : body
        do throws(APIError) {
            let reply = try await client.object(
                "PATCH",
                path.text,
                query: Self.query(isForced: isForced, isDryRun: isDryRun),
                body: sent.json(),
                as: path.expected,
                until: deadline,
            )
            try checkDeletion(of: reply.node, path.identity)
            reportWarnings(of: reply.response)
            return reply
        } catch .refused(let refusal) where refusal.isOfChangedObject {
            throw .pending("another client has changed it since it was read", .retry)
        } catch {
            if error.mayHaveSucceeded {
                memory.original = memory.original ?? live
                memory.mayHaveCreated = memory.mayHaveCreated || live == nil
            }
            throw error
        }
    }

    /// Returns the query parameters of a server-side apply.
    static func query(isForced: Bool, isDryRun: Bool) -> [(String, String)] {
        var query = [("fieldManager", ManagedMetadata.manager), ("fieldValidation", "Strict")]
        if isDryRun { query.append(("dryRun", "All")) }
        if isForced { query.append(("force", "true")) }
        return query
    }

    /// The resource version with which an apply may create an object, but never changes an existing one.
    ///
    /// The server compares it only if the object exists. No object has version 1, the version of an empty etcd.
    static let absentVersion = "1"
}

extension ObjectApplication {
    /// The maximum number of changed fields in the result of a write.
    private static let reportedFieldLimit = 5

    /// Returns the result of a request, from the object before and after the request.
    private func result(
        of reply: (node: Node, response: HTTPResponse),
        over live: Node?,
        at path: ObjectPath,
        _ takeover: Takeover?,
        _ notes: [String],
        _ memory: Memory,
    ) throws(APIError) -> ObjectResult {
        if let replacement = memory.replacement { return ObjectResult(.replaced, notes: [replacement.note]) }
        guard let before = memory.original ?? live else {
            let diff = isDryRun ? diff(from: nil, to: reply.node, at: path) : []
            return ObjectResult(.created, diff: diff, notes: notes)
        }
        let object = reply.node
        let difference = Difference(from: before, to: object, hasStatusSubresource: path.hasStatusSubresource)
        if difference.fields.isEmpty, ManagedMetadata.fields(in: object).isEmpty,
            !object.includes(manifest.root, owned: { .mapping([]) })
        {
            let words =
                "'\(client.kubeconfig.address)' answered to PATCH with the object as it was, to which nothing was applied"
            throw .pending("\(words); \(ForeignReply.advice(from: []))", .transient)
        }
        if difference.fields.isEmpty, takeover == nil,
            ManagedMetadata.owners(of: object) == ManagedMetadata.owners(of: before)
        {
            return ObjectResult(memory.mayHaveCreated ? .created : .unchanged, notes: notes)
        }
        if isDryRun { return planned(before, object, path, notes) }
        // Values are shown only by dry runs, because the journal is stored and may be read by other users.
        let paths = difference.fields.map(\.path)
        let leftOut = paths.count - Self.reportedFieldLimit
        let shown = leftOut > 0 ? paths.prefix(Self.reportedFieldLimit) + ["and \(leftOut) more"] : paths
        let change: ObjectResult.Change = memory.mayHaveCreated ? .created : .configured
        return ObjectResult(change, fields: shown, changesOnlyManagers: paths.isEmpty, notes: notes)
    }

    /// Returns an object as the server would store it, from a dry run of a JSON patch.
    private func planned(_ new: Node, over live: Node, at path: ObjectPath) async throws(APIError) -> Node {
        try await client.object(
            "PATCH",
            path.text,
            query: [("fieldManager", ManagedMetadata.manager), ("dryRun", "All")],
            body: Takeover.operations(from: live, to: new),
            contentType: "application/json-patch+json",
            as: path.expected,
            until: deadline,
        ).node
    }

    /// Returns the result of a dry run that finds a change.
    private func planned(_ live: Node, _ preview: Node, _ path: ObjectPath, _ notes: [String] = []) -> ObjectResult {
        let lines = Difference.lines(
            from: live,
            to: preview,
            of: path.identity.type,
            hasStatusSubresource: path.hasStatusSubresource,
        )
        let diff = diff(from: live, to: preview, at: path)
        return ObjectResult(.configured, fields: lines, diff: diff, changesOnlyManagers: lines.isEmpty, notes: notes)
    }

    /// Returns the result of a dry run for an object that a real run would create.
    private func planned(creationOf identity: ObjectIdentity) -> ObjectResult {
        let object = applier.managedMetadata.stamp(manifest.root, namespace: identity.namespace)
        let hasStatus = applier.dryRunOverlay?.hasStatusSubresource(identity.type) ?? false
        let diff = Difference.diff(from: nil, to: object, of: identity.type, hasStatusSubresource: hasStatus)
        return ObjectResult(.created, diff: diff)
    }

    func diff(from old: Node?, to new: Node, at path: ObjectPath) -> [String] {
        Difference.diff(from: old, to: new, of: path.identity.type, hasStatusSubresource: path.hasStatusSubresource)
    }

    /// Reports the `Warning:` headers, which have the form `299 - "text"` (RFC 7234, section 5.5).
    private func reportWarnings(of response: HTTPResponse) {
        for value in response.values(of: "warning") {
            guard let open = value.firstIndex(of: "\""), let close = value.lastIndex(of: "\""), open < close else {
                applier.say(.warning(manifest.identity, value))
                continue
            }
            let text = value[value.index(after: open)..<close].replacing("\\\"", with: "\"")
            applier.say(.warning(manifest.identity, String(text)))
        }
    }
}

extension ObjectApplication {
    /// Refuses to change an object that is being deleted, because the change would be lost; a dry run only warns.
    ///
    /// A later attempt creates the object again, once it is gone.
    private func checkDeletion(of object: Node?, _ identity: ObjectIdentity) throws(APIError) {
        guard let object, ManagedMetadata.isBeingDeleted(object) else { return }
        guard isDryRun else { throw .beingDeleted(object.remainingFinalizers) }
        applier.say(.warning(identity, "it is being deleted; a run waits until it is gone and creates it again"))
    }

    private var isOnlyCreated: Bool { ObjectAnnotation.apply.isSet(in: manifest.root) }

    /// Returns the result for an existing object that is left to others, or `nil` if the manifest is to be applied.
    private func resultIfLeft(_ live: Node?, _ memory: Memory) -> ObjectResult? {
        let annotation = ObjectAnnotation.apply
        guard let live, isOnlyCreated || annotation.isSet(in: live) else { return nil }
        if memory.mayHaveCreated { return ObjectResult(.created) }
        let setting = "'\(annotation.key): \(annotation.value)'"
        let note =
            isOnlyCreated
            ? "left to others (its manifest has the annotation \(setting))"
            : "left to others (it has the annotation \(setting), which its manifest does not have); to apply the manifest "
                + "again: 'kubectl annotate \(memory.identity.kubectlArguments) \(annotation.key)-'"
        return ObjectResult(.unchanged, notes: [note])
    }
}

extension ObjectIdentity {
    /// The arguments that name the object in a `kubectl` command, such as `job.batch a -n default`.
    var kubectlArguments: String {
        "\(DefinedKind(type).text.lowercased()) \(name)" + (namespace.map { " -n \($0)" } ?? "")
    }
}
