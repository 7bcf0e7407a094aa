import YAML

/// Objects that an earlier run has found unchanged.
extension ObjectApplication {
    /// The verification of one object in its present state.
    struct Verification {
        let objects: VerifiedObjects
        let key: String
        let entry: VerifiedObjects.Entry

        /// Whether an earlier run has verified the object in this state.
        var isKnown: Bool { objects.entry(for: key)?.objectDigest == entry.objectDigest }

        /// Records that applying the manifest changes nothing.
        func record() { objects.record(entry, for: key) }
    }

    /// What is verified for an object that exists, `nil` if only a dry run can say what its manifest would change.
    func verification(of live: Node, at path: ObjectPath) async -> Verification? {
        guard let objects = applier.verified,
            let resource = try? await client.catalog.resource(of: path.identity.type, on: client, until: deadline),
            let inputs = await inputs(plural: resource.plural)
        else { return nil }
        let type = path.identity.type
        // A definition with the same metadata has the same conditions.
        let isComplete = !path.identity.isCustomResourceDefinition || Readiness(of: live, type: type) == .ready
        let entry = VerifiedObjects.Entry(
            path: path.text,
            plural: resource.plural,
            objectDigest: inputs.digest(of: live, hasStatusSubresource: path.hasStatusSubresource),
            metadataDigest: isComplete ? inputs.digest(ofMetadata: live) : nil,
        )
        return Verification(objects: objects, key: key, entry: entry)
    }

    /// The result for an object that is in every field as it was when an earlier run verified it, by its metadata alone.
    ///
    /// - Returns: The result; `nil` if that cannot be said, for whatever reason.
    /// - Throws: ``APIError`` if the server does not answer, or if another task describes the object.
    func resultByMetadata() async throws(APIError) -> Result? {
        guard !isDryRun, let objects = applier.verified, let entry = objects.entry(for: key),
            let expected = entry.metadataDigest
        else { return nil }
        // Meanwhile the first object also asks for what is common to all of them.
        let (client, deadline) = (client, deadline)
        async let reply = client.readMetadata(entry.path, until: deadline)
        guard let inputs = await inputs(plural: entry.plural) else { return nil }
        let metadata: Node
        switch await reply {
        case .success(let node): metadata = node
        case .failure(.transport(let error)): throw .transport(error)
        case .failure(.refused(let refusal)) where refusal.disposition == .retry: throw .refused(refusal)
        // The whole object is asked for, which also explains what is wrong.
        case .failure: return nil
        }
        guard inputs.digest(ofMetadata: metadata) == expected else { return nil }
        var identity = manifest.identity
        identity.namespace = metadata["metadata"]?["namespace"]?.string
        // Another task of the plan may describe the object since.
        try await checkRival(metadata)
        try checkDeletion(of: metadata, identity)
        return Result(
            identity: identity,
            change: .unchanged,
            object: metadata,
            verification: Verification(objects: objects, key: key, entry: entry),
            isEstablished: identity.isCustomResourceDefinition
        )
    }

    /// What identifies the object among those that are remembered.
    private var key: String {
        VerifiedObjects.key(of: manifest.identity, defaultNamespace: client.kubeconfig.namespace)
    }

    /// What takes part in applying the object, other than the object on the server, `nil` if not all of it can be known.
    private func inputs(plural: String) async -> ApplyInputs? {
        guard let manifestDigest, let traits = await client.traits.traits(of: client, until: deadline),
            !traits.mayMutate(plural),
            let definition = await client.traits.definition(
                of: manifest.identity.type,
                plural,
                on: client,
                until: deadline
            )
        else { return nil }
        return ApplyInputs(manifestDigest: manifestDigest, serverVersion: traits.version, definition: definition)
    }

    /// The digest of a manifest whose object is remembered, `nil` for one that is always asked about.
    ///
    /// Admission plugins of the server itself change pods and claims, as its flags and other objects say. The digest of a Secret
    /// would be a way to guess its values.
    private var manifestDigest: String? {
        let type = manifest.identity.type
        let isExcluded = type.group.isEmpty && ["PersistentVolumeClaim", "Pod", "Secret"].contains(type.kind)
        guard applier.verified != nil, applier.dryRunOverlay == nil, !isExcluded else { return nil }
        let stamped = applier.managedMetadata.stamp(manifest.root, namespace: client.kubeconfig.namespace)
        return ApplyInputs.digest(ofManifest: stamped)
    }
}
