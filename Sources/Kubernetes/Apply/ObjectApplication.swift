import Base
import HTTP
import YAML

/// Applies one object: finds its resource, reads the live object, sends the manifest's object, reports what changed.
struct ObjectApplication {
    let applier: Applier
    /// The object of the manifest; ``run()`` needs it with its tree in memory.
    var manifest: ManifestObject
    /// Whether a list has shown that the object is not as an earlier run has verified it.
    var isKnownToDiffer = false
    /// Whether a list has shown that the object does not exist.
    var isListedAsMissing = false
    /// The namespaces and kinds that the apply has created.
    var created: CreatedScopes?
    /// Waits between attempts, and returns `false` if the wait was cancelled.
    let pause: (Duration) async -> Bool

    /// The result of applying the object.
    struct Result {
        var identity: ObjectIdentity
        var effect: ObjectResult
        /// The object or only its metadata, as the server returned it; `nil` if a dry run only predicts the result.
        var object: Node?
        /// The state to record once the object counts as applied.
        var verification: Verification?
        /// Whether the object is a definition that an earlier run has found served; `false` for other kinds.
        var isEstablished = false
    }

    /// Facts from earlier attempts.
    struct Memory {
        /// The live object, for explaining a refusal.
        var live: Node?
        /// Whether an earlier attempt has sent the object without reading it, because it was known to be missing.
        var hasTriedCreation = false
        /// The change of a write without a response, which may have succeeded.
        var intended: ObjectResult.Change?
        /// The object before the first completed write, if an attempt failed after that write.
        var original: Node?
        /// The conflicts over fields that this attempt leaves as they are.
        var kept: [ServerStatus.Cause] = []
        /// The replacement of the object, from the time of the request to delete it.
        var replacement: Replacement?
    }

    var client: APIClient { applier.client }
    var deadline: ContinuousClock.Instant { applier.retryPolicy.deadline }
    var isDryRun: Bool { applier.dryRunOverlay != nil }

    /// Reads the object's metadata, if an earlier run has verified the object, and repeats failed attempts.
    ///
    /// - Returns: The result, `nil` if the object has to be applied.
    /// - Throws: ``ObjectFailure`` if the server does not answer, or if another task describes the object.
    func runByMetadata() async throws(ObjectFailure) -> Result? {
        guard !isKnownToDiffer else { return nil }
        do {
            return try await retrying { () async throws(APIError) in try await resultByMetadata() }
        } catch {
            throw applier.explanation(of: manifest, live: nil).failure(for: error)
        }
    }

    /// Applies the object, and repeats failed attempts as long as another attempt is worthwhile.
    func run() async throws(ObjectFailure) -> Result {
        var memory = Memory()
        do {
            let result = try await retrying { () async throws(APIError) in try await attempt(&memory) }
            applier.dryRunOverlay?.recordPlanned(manifest)
            return result
        } catch {
            throw applier.explanation(of: manifest, live: memory.live).failure(for: error)
        }
    }

    /// Repeats failed attempts as long as another one is worthwhile.
    private func retrying<Value>(
        _ attempt: () async throws(APIError) -> Value
    ) async throws(APIError) -> Value {
        let subject = Wait.Subject(.object, "\(manifest.identity)")
        return try await applier.retryPolicy.retry(subject, Backoff(), pausing: pause) { () async throws(APIError) in
            do throws(APIError) {
                return try await attempt()
            } catch {
                throw await adjusted(error)
            }
        }
    }

    /// Adjusts an error's disposition to requirements that the task may still create and to limits that it changes.
    private func adjusted(_ error: APIError) async -> APIError {
        guard case .refused(var refusal) = error else { return error }
        if let missing = refusal.status.missingRequirement(of: manifest.identity.type),
            refusal.disposition == .transient, await !applier.mayAppear(missing)
        {
            refusal.disposition = .permanent
        } else if applier.changesLimits, case .denied = refusal.kind {
            refusal.disposition = .transient
        }
        return .refused(refusal)
    }

    private func attempt(_ memory: inout Memory) async throws(APIError) -> Result {
        var identity = manifest.identity
        var known: APIResource?
        do throws(APIError) {
            let resource = try await client.catalog.resource(of: identity.type, on: client, until: deadline)
            known = resource
            identity.namespace = resource.isNamespaced ? identity.namespace ?? client.kubeconfig.namespace : nil
            var path = ObjectPath(resource, of: identity)
            let isUnread = !memory.hasTriedCreation && mayCreateUnread(identity)
            memory.live = isUnread ? nil : try await client.find(path.text, as: identity, until: deadline)
            path.uid = memory.live?["metadata"]?["uid"]?.string
            try await checkRival(memory.live)
            try checkDeletion(of: memory.live, identity)
            try checkVersion(of: memory.live)
            if isDryRun, let gone = memory.live, ManagedMetadata.isBeingDeleted(gone) {
                let object = applier.managedMetadata.stamp(manifest.root, namespace: identity.namespace)
                return Result(
                    identity: identity,
                    effect: ObjectResult(.created, diff: diff(from: nil, to: object, at: path))
                )
            }
            if let left = resultIfLeft(memory.live, of: identity, memory.intended) { return left }
            let body = body(for: resource, namespace: identity.namespace, live: memory.live)
            guard let live = memory.live else {
                try await checkOwners(in: identity.namespace)
                if !isDryRun { try await applier.willCreate(identity) }
                guard isUnread else { return try await creationResult(body, at: path, resource, &memory) }
                if let result = try await unreadCreationResult(body, at: path, resource, &memory) { return result }
                return try await attempt(&memory)
            }
            memory.kept = []
            var result = try await change(live, of: identity, at: path, to: body, &memory)
            result.effect.notes += notes(about: memory.kept, live)
            return result
        } catch .refused(let refusal) where refusal.code == 404 && applier.dryRunOverlay?.covers(identity) == true {
            let object = applier.managedMetadata.stamp(manifest.root, namespace: identity.namespace)
            let hasStatusSubresource =
                known?.hasStatusSubresource ?? applier.dryRunOverlay?.hasStatusSubresource(identity.type) ?? false
            let diff = ObjectDiff(
                from: nil,
                to: object,
                of: identity.type,
                hasStatusSubresource: hasStatusSubresource,
            )
            return Result(identity: identity, effect: ObjectResult(.created, diff: diff.lines))
        }
    }

    /// Returns the object in the form that is sent to the server.
    ///
    /// The parts of an existing object's status that this agent does not own are left out: its controller writes them,
    /// and servers before 1.21 would report a conflict. Every definition generated by controller-gen has such a status.
    func body(for resource: APIResource, namespace: String?, live: Node?) -> Node {
        var root = Self.withoutAggregatedRules(SecretData.sent(manifest.root))
        if let live { root = ignoring(root, live: live) }
        if !resource.isNamespaced, var mapping = root.mapping, var metadata = mapping["metadata"]?.mapping {
            // kubectl also omits the namespace of a cluster-scoped object; the server refuses a Namespace that has one.
            metadata["namespace"] = nil
            mapping["metadata"] = Node(.mapping(metadata), location: mapping["metadata"]?.location ?? root.location)
            root.content = .mapping(mapping)
        }
        if let live, resource.hasStatusSubresource, var mapping = root.mapping, let status = mapping["status"] {
            let ours = ManagedMetadata.fields(in: live).compactMap { $0["f:status"] }
            let kept = (status.mapping?.entries ?? []).filter { entry in
                ours.contains { $0["f:\(entry.key)"] != nil }
            }
            mapping["status"] =
                kept.isEmpty ? nil : .mapping(kept.map { ($0.key, $0.value) }, location: status.location)
            root.content = .mapping(mapping)
        }
        return applier.managedMetadata.stamp(root, namespace: namespace, live: live)
    }

    /// Changes an existing object, if there is anything to change.
    ///
    /// If the object itself shows that there is nothing to change, nothing is sent. Otherwise a dry run comes first: a
    /// write without an effect may still change the resource version, as on 1.20 for a CRD with a field that the server
    /// drops, and every new version wakes all watchers.
    private func change(
        _ live: Node,
        of identity: ObjectIdentity,
        at path: ObjectPath,
        to body: Node,
        mayTakeOver: Bool = true,
        _ memory: inout Memory,
    ) async throws(APIError) -> Result {
        let verification = await verification(of: live, at: path)
        let isFirstAttempt = memory.intended == nil && memory.original == nil
        if isFirstAttempt, let result = await unchangedResult(live, at: path, to: body, verification) { return result }
        let kept = try await keepingConflicts(in: body, live: live, at: path)
        let body = kept.root
        memory.kept += kept.conflicts
        let proposal: Proposal
        do throws(APIError) {
            if let known = kept.proposal {
                proposal = known
            } else {
                proposal = try await self.proposal(for: body, live: live, at: path)
            }
        } catch .refused(let refusal)
            where isFirstAttempt && verification?.isAsBefore == true
            && refusal.isOfUnansweringWebhook && live.includes(ignoring(manifest.root, live: live))
        {
            applier.say(.warning(identity, "it is as before, and \(refusal.status.line)"))
            // An unreachable webhook does not matter if there is nothing to change.
            verification?.keep()
            return Result(identity: identity, effect: ObjectResult(.unchanged), object: live)
        } catch .refused(let refusal) where refusal.isInvalid && mayTakeOver {
            return try await changeByTakeover(live, at: path, to: body, despite: refusal, &memory)
        }
        // An earlier attempt may have written the object before it found that another client had changed it too.
        let original = memory.original ?? live
        if let answer = proposal.answer {
            let difference = Difference(from: live, to: answer, hasStatusSubresource: path.hasStatusSubresource)
            try await check(answer, difference, of: identity, live: live)
            if mayTakeOver, let completion = try await completion(of: answer, from: live, to: body, at: path) {
                return try await perform(completion, on: live, at: path, to: body, &memory)
            }
            let needsMigration = Takeover(of: answer, from: applier.takenManagers) != nil
            let hasSameOwner = ManagedMetadata.fields(in: live) == ManagedMetadata.fields(in: answer)
            if difference.fields.isEmpty, hasSameOwner, !needsMigration {
                return Result(
                    identity: identity,
                    effect: ObjectResult(
                        memory.intended ?? (memory.original == nil ? .unchanged : .configured),
                        fields: memory.original == nil ? [] : changedFields(from: original, to: live, at: path)
                    ),
                    object: live,
                    verification: proposal.isAccepted && ManagedMetadata.hasAllFields(answer) ? verification : nil
                )
            }
            if isDryRun {
                return dryRunResult(live, try await migrationPreview(of: live, answer, to: body, at: path), at: path)
            }
        }
        return try await update(live, with: proposal, at: path, to: body, original, &memory)
    }

    /// Takes over the fields because of which the server refuses an object, or replaces the object.
    private func changeByTakeover(
        _ live: Node,
        at path: ObjectPath,
        to body: Node,
        despite refusal: APIError.Refusal,
        _ memory: inout Memory,
    ) async throws(APIError) -> Result {
        let takeover: ValidatedChange
        do throws(APIError) {
            takeover = try await self.takeover(of: live, to: body, despite: refusal, at: path)
        } catch .refused(let last) where last.isInvalid {
            return try await replace(live, despite: last, at: path, &memory)
        }
        return try await perform(takeover, on: live, at: path, to: body, &memory)
    }

    /// Performs a validated change, and then applies the object.
    private func perform(
        _ validated: ValidatedChange,
        on live: Node,
        at path: ObjectPath,
        to body: Node,
        _ memory: inout Memory,
    ) async throws(APIError) -> Result {
        if isDryRun { return dryRunResult(live, validated.result, at: path) }
        let changed = try await perform(validated, at: path)
        memory.original = memory.original ?? live
        return try await change(changed, of: path.identity, at: path, to: body, mayTakeOver: false, &memory)
    }

    /// Writes an object that exists, and moves the fields of the managers that are taken over to this agent.
    private func update(
        _ live: Node,
        with proposal: Proposal,
        at path: ObjectPath,
        to body: Node,
        _ original: Node,
        _ memory: inout Memory,
    ) async throws(APIError) -> Result {
        // The changes are unknown after a write whose response was lost, or without an answer to a dry run.
        let isKnown = memory.intended == nil && proposal.answer != nil
        let change = memory.intended ?? .configured
        let root = guarded(proposal.root, over: live)
        let reply = try await write(root, to: path, as: change, isForced: proposal.isForced, &memory)
        memory.original = original
        reportWarnings(of: reply.response)
        let object = try await migrate(reply.node, at: path, to: body)
        if proposal.answer == nil, memory.intended == nil, let version = live["metadata"]?["resourceVersion"]?.string,
            object["metadata"]?["resourceVersion"]?.string == version
        {
            // No dry run was possible, for example because a webhook has side effects, so the version is compared.
            return Result(identity: path.identity, effect: ObjectResult(.unchanged), object: object)
        }
        let changed = changedFields(from: original, to: object, at: path)
        return Result(
            identity: path.identity,
            effect: ObjectResult(change, fields: changed, changesOnlyManagers: isKnown && changed.isEmpty),
            object: object,
            verification: await self.verification(ofWritten: object, at: path),
        )
    }

    /// Returns the result if it is known without a dry run that nothing would change, otherwise `nil`.
    private func unchangedResult(
        _ live: Node,
        at path: ObjectPath,
        to body: Node,
        _ verification: Verification?,
    ) async -> Result? {
        let isKnown = verification?.isKnown == true
        if !isKnown, await !isKnownToMatch(live, body, at: path) { return nil }
        let isDefinition = path.identity.isCustomResourceDefinition
        return Result(
            identity: path.identity,
            effect: ObjectResult(.unchanged),
            object: live,
            verification: verification,
            isEstablished: isKnown && isDefinition && verification?.entry.metadataDigest != nil
        )
    }

    /// Returns the result of a dry run that finds a change, with the object after the change.
    private func dryRunResult(_ live: Node, _ preview: Node, at path: ObjectPath) -> Result {
        let lines = Difference.lines(
            from: live,
            to: preview,
            of: path.identity.type,
            hasStatusSubresource: path.hasStatusSubresource,
        )
        let diff = diff(from: live, to: preview, at: path)
        let effect = ObjectResult(.configured, fields: lines, diff: diff, changesOnlyManagers: lines.isEmpty)
        return Result(identity: path.identity, effect: effect)
    }

    /// Refuses a dry-run answer that no API server would give, and a change that a HorizontalPodAutoscaler would undo.
    private func check(
        _ answer: Node,
        _ difference: Difference,
        of identity: ObjectIdentity,
        live: Node,
    ) async throws(APIError) {
        if difference.fields.isEmpty, ManagedMetadata.fields(in: answer).isEmpty, !live.includes(manifest.root) {
            let words =
                "'\(client.kubeconfig.address)' answered to PATCH with the object as it was, to which nothing was applied"
            throw .pending("\(words); \(ForeignReply.advice(from: []))", .transient)
        }
        try await checkAutoscaler(of: identity, difference)
    }

    /// Returns the paths of the first few fields that differ, and the number of further fields.
    ///
    /// Values are shown only by dry runs, because the journal is stored and may be read by other users.
    private func changedFields(from old: Node, to new: Node, at path: ObjectPath) -> [String] {
        let difference = Difference(from: old, to: new, hasStatusSubresource: path.hasStatusSubresource)
        let paths = difference.fields.map(\.path)
        let leftOut = paths.count - Self.reportedFieldLimit
        return leftOut > 0 ? paths.prefix(Self.reportedFieldLimit) + ["and \(leftOut) more"] : paths
    }

    /// Returns the lines of a unified diff of two states of the object.
    func diff(from old: Node?, to new: Node, at path: ObjectPath) -> [String] {
        ObjectDiff(from: old, to: new, of: path.identity.type, hasStatusSubresource: path.hasStatusSubresource).lines
    }

    /// The maximum number of changed fields that are reported after a write.
    private static let reportedFieldLimit = 5

    /// Writes the object, in a dry run without effect, and records the change if its success is unknown.
    func write(
        _ body: Node,
        to path: ObjectPath,
        as change: ObjectResult.Change,
        isForced: Bool,
        _ memory: inout Memory,
    ) async throws(APIError) -> (node: Node, response: HTTPResponse) {
        do {
            let reply = try await send(body, to: path, isDryRun: isDryRun, isForced: isForced)
            try checkDeletion(of: reply.node, path.identity)
            return reply
        } catch .refused(let refusal) where refusal.isOfChangedObject && isGuarded {
            throw .pending("another client has changed it since it was read", .retry)
        } catch .refused(let refusal) where refusal.status.isAllocated {
            throw await allocationError(refusal, of: path.identity)
        } catch {
            if error.mayHaveSucceeded { memory.intended = change }
            throw error
        }
    }
}

/// Reasons not to apply an object although the server would accept the request.
extension ObjectApplication {
    /// Checks that no other task describes the object.
    ///
    /// - Parameter live: The object on the server, with an annotation that names the task that applied it.
    /// - Throws: ``APIError/rival(_:)`` if another task describes the object.
    func checkRival(_ live: Node?) async throws(APIError) {
        let named = live.flatMap(ManagedMetadata.task)
        let other = named == applier.managedMetadata.task ? nil : named
        if let rival = await applier.rival(manifest, other) { throw .rival(rival) }
    }

    /// Refuses to change an object that is being deleted, because the change would be lost.
    ///
    /// Unless something blocks the deletion, the object is soon gone, and a later attempt creates it again.
    func checkDeletion(of object: Node?, _ identity: ObjectIdentity) throws(APIError) {
        guard let object, ManagedMetadata.isBeingDeleted(object) else { return }
        guard isDryRun else { throw .beingDeleted(object.remainingFinalizers) }
        applier.say(.warning(identity, "it is being deleted; a run waits until it is gone and creates it again"))
    }
}

/// The server's warnings in a reply.
extension ObjectApplication {
    /// Reports the `Warning:` headers, which have the form `299 - "text"` (RFC 9111, section 5.5).
    func reportWarnings(of response: HTTPResponse) {
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
