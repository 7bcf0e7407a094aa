import Base
import TLS
import YAML

/// Objects that earlier runs have found unchanged.
extension ObjectApplication {
    /// The verification of an object in its current state.
    struct Verification {
        let objects: VerifiedObjects
        let key: String
        let entry: VerifiedObjects.Entry
        /// The time at which the request that found the object unchanged began; see ``VerifiedObjects/time``.
        let begin: Int64

        private var known: VerifiedObjects.Entry? { objects.entry(for: key) }

        /// Whether earlier runs have verified the object in this state.
        var isKnown: Bool { known?.firstFound == nil && entry.hasSameInputs(as: known) }

        /// Whether object and manifest are the same as in an earlier run, regardless of the server's state.
        var isAsBefore: Bool { entry.hasSameObject(as: known) }

        /// Records that applying the manifest changes nothing.
        func record() { objects.record(entry, for: key, requestedAt: begin) }

        /// Keeps the entry of earlier runs without adding to it.
        func keep() { objects.keep(key) }
    }

    /// Returns whether the object shows that applying the manifest again would change nothing.
    ///
    /// The result is `false` in a dry run, and if the request may be changed on the way: by a mutating webhook or
    /// policy, an admission plugin of the server, or a conversion webhook. The result is also `false` if another
    /// manager owns a field of the content. Since the manifest was applied, a schema change may have merged several
    /// values into one, or the other manager may have taken a value and set the value that the manifest has now,
    /// without owning it.
    ///
    /// - Parameters:
    ///   - live: The object on the server.
    ///   - body: The object as it would be sent.
    ///   - path: The object's path.
    /// - Returns: `false` if something would change, or if only the server can decide.
    func isKnownToMatch(_ live: Node, _ body: Node, at path: ObjectPath) async -> Bool {
        let all = live["metadata"]?["managedFields"]?.sequence ?? []
        let entries = all.filter(ManagedMetadata.isOwn)
        let others = all.filter { !ManagedMetadata.isOwn($0) }
        guard !isDryRun, !isChangedByAdmission, entries.count == 1, entries[0]["apiVersion"] == body["apiVersion"],
            others.allSatisfy({ FieldSet($0["fieldsV1"]).isBesideContent }),
            FieldSet(entries[0]["fieldsV1"]).isApplied(body, in: live),
            Takeover(of: live, from: applier.takenManagers) == nil,
            let resource = try? await client.catalog.resource(of: path.identity.type, on: client, until: deadline)
        else { return false }
        return await server(plural: resource.plural)?.definition.convertsByWebhook == false
    }

    /// Prepares the verification of an existing object.
    ///
    /// - Parameters:
    ///   - live: The object.
    ///   - path: The object's path.
    ///   - begin: The time at which the request that found the object unchanged began, by default now.
    /// - Returns: The verification, `nil` if the server has to be asked about the object each time.
    func verification(of live: Node, at path: ObjectPath, requestedAt begin: Int64? = nil) async -> Verification? {
        guard let objects = applier.verified, let inputs,
            let resource = try? await client.catalog.resource(of: path.identity.type, on: client, until: deadline)
        else { return nil }
        let begin = begin ?? objects.time
        let server = await server(plural: resource.plural)
        // A definition with the same metadata has the same conditions.
        let isComplete =
            !path.identity.isCustomResourceDefinition || Readiness(of: live, type: path.identity.type) == .ready
        let isReadByMetadata = isComplete && server?.definition.convertsByWebhook == false
        let entry = VerifiedObjects.Entry(
            plural: resource.plural,
            isNamespaced: resource.isNamespaced,
            objectDigest: inputs.digest(of: live, hasStatusSubresource: path.hasStatusSubresource),
            metadataDigest: isReadByMetadata ? inputs.digest(ofMetadata: ObjectMetadata(of: live)) : nil,
            serverDigest: server?.digest,
        )
        return Verification(objects: objects, key: key, entry: entry, begin: begin)
    }

    /// Prepares the verification of an object that this run has written, `nil` if the server has dropped a field.
    func verification(ofWritten object: Node, at path: ObjectPath) async -> Verification? {
        guard ManagedMetadata.hasAllFields(object) else { return nil }
        // A write never confirms an earlier finding, because 0 precedes every recorded time.
        return await verification(of: object, at: path, requestedAt: 0)
    }

    /// Returns the result for an object whose metadata shows no change since an earlier run verified it.
    ///
    /// - Returns: The result, `nil` if the metadata is not sufficient.
    /// - Throws: ``APIError`` if the server does not answer, or if another task describes the object.
    func resultByMetadata() async throws(APIError) -> Result? {
        guard !isDryRun, let objects = applier.verified, let entry = objects.entry(for: key), entry.firstFound == nil,
            entry.metadataDigest != nil, inputs != nil
        else { return nil }
        let begin = objects.time
        // In parallel, the first object also requests the data that all objects share.
        let (client, deadline) = (client, deadline)
        let identity = identity(knownBy: entry)
        let path = APIResource(plural: entry.plural, isNamespaced: entry.isNamespaced).path(of: identity)
        async let reply = client.readMetadata(path, until: deadline)
        guard let digest = await serverDigest(entry.plural), digest == entry.serverDigest else { return nil }
        let object: Node
        switch await reply {
        case .success(let node): object = node
        case .failure(.transport(let error)): throw .transport(error)
        case .failure(.refused(let refusal)) where refusal.disposition == .retry: throw .refused(refusal)
        // The caller reads the whole object next, which also explains the error.
        case .failure: return nil
        }
        guard hasState(ObjectMetadata(of: object), of: entry) else { return nil }
        // Another task of the plan may describe the object by now.
        try await checkRival(object)
        try checkDeletion(of: object, identity)
        return unchangedResult(of: object, entry, readAt: begin)
    }

    /// Returns whether an object has the state that an earlier run has verified, and the manifest is the same.
    func hasState(_ metadata: ObjectMetadata, of entry: VerifiedObjects.Entry) -> Bool {
        inputs.map { $0.digest(ofMetadata: metadata) == entry.metadataDigest } ?? false
    }

    /// Returns the result for an object that a list shows to be as an earlier run has verified it.
    ///
    /// - Parameters:
    ///   - metadata: The metadata of the object, which is not being deleted.
    ///   - entry: The verified state.
    ///   - begin: The time at which the list was requested.
    /// - Returns: The result, `nil` if another task describes the object, which a request for it alone reports.
    func unchangedResult(
        _ metadata: ObjectMetadata,
        _ entry: VerifiedObjects.Entry,
        readAt begin: Int64
    ) async -> Result? {
        let other = metadata.task == applier.managedMetadata.task ? nil : metadata.task
        guard await applier.rival(manifest, other) == nil else { return nil }
        return unchangedResult(of: nil, entry, readAt: begin)
    }

    private func unchangedResult(of object: Node?, _ entry: VerifiedObjects.Entry, readAt begin: Int64) -> Result {
        let verification = applier.verified.map { Verification(objects: $0, key: key, entry: entry, begin: begin) }
        let identity = identity(knownBy: entry)
        return Result(
            identity: identity,
            effect: ObjectResult(.unchanged),
            object: object,
            verification: verification,
            isEstablished: identity.isCustomResourceDefinition
        )
    }

    /// The identity of the object on the server, with its namespace if the kind has one.
    private func identity(knownBy entry: VerifiedObjects.Entry) -> ObjectIdentity {
        var identity = manifest.identity
        identity.namespace = entry.isNamespaced ? identity.namespace ?? client.kubeconfig.namespace : nil
        return identity
    }

    /// Returns the digest of the inputs that come from the server.
    ///
    /// - Returns: `nil` if an input is unknown, or if a webhook or policy may change the object.
    func serverDigest(_ plural: String) async -> SHA256Digest? { await server(plural: plural)?.digest }

    /// The key of the object among the verified objects.
    private var key: String {
        VerifiedObjects.key(of: manifest.identity, defaultNamespace: client.kubeconfig.namespace)
    }

    /// Returns the inputs that come from the server.
    ///
    /// - Returns: `nil` if an input is unknown, or if a webhook or policy may change the object.
    private func server(plural: String) async -> ApplyInputs.Server? {
        guard let traits = await client.traits.traits(of: client, until: deadline), !traits.mayMutate(plural),
            let definition = await client.traits.definition(
                of: manifest.identity.type,
                plural,
                on: client,
                until: deadline
            )
        else { return nil }
        return ApplyInputs.Server(version: traits.version, definition: definition)
    }

    /// Whether the server's own admission plugins may change the object, depending on its flags and on other objects.
    private var isChangedByAdmission: Bool {
        let type = manifest.identity.type
        return type.group.isEmpty && ["PersistentVolumeClaim", "Pod"].contains(type.kind)
    }

    /// The digest of the manifest, `nil` for an object that is never recorded as verified.
    ///
    /// The digest of a Secret would make it possible to guess its values.
    private var inputs: ApplyInputs? {
        guard applier.verified != nil, applier.dryRunOverlay == nil, !manifest.identity.type.isSecret,
            !isChangedByAdmission
        else { return nil }
        return ApplyInputs(manifest, applier.everyObject)
    }
}
