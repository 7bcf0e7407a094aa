import Base
import TLS
import YAML

/// Lists of metadata, which are read before the first object is applied.
extension Applier {
    /// The knowledge from lists about the objects of an apply, by their positions.
    struct Survey: Sendable {
        /// The objects that are as an earlier run has verified them, which have been reported.
        var unchanged: Set<Int> = []
        /// The objects of which an earlier run knows another state.
        var changed: Set<Int> = []
        /// The objects that do not exist.
        var missing: Set<Int> = []
    }

    /// A collection of which objects are wanted.
    private struct Collection: Hashable {
        var type: GroupVersionKind
        var path: String
    }

    /// Reads lists of metadata where they are cheaper than a GET of each object, and reports the unchanged objects.
    ///
    /// An object counts as unchanged only if the objects that it needs do: if this run changes its definition, its
    /// stored state may become another.
    ///
    /// - Parameter work: The objects of the apply.
    /// - Returns: The knowledge. Nothing is known of Secrets, which are never listed, and in a dry run.
    func survey(_ work: Work) async -> Survey {
        let (objects, needs) = (work.objects, work.needs)
        guard let verified, dryRunOverlay == nil, objects.count >= ListedObjects.leastCount else { return Survey() }
        let wanted = await collections(of: objects, needs, verified)
        let begin = verified.time
        let (client, deadline) = (client, retryPolicy.deadline)
        // The generation is read before any part of a definition is.
        let generation = client.traits.changes.generations.definitions
        var findings: [Int: MetadataList.Item] = [:]
        var survey = Survey()
        await withTaskGroup(of: (Collection, ListedObjects.Findings).self) { group in
            for (collection, positions) in wanted {
                let list = ListedObjects(
                    client: client,
                    collection: collection.path,
                    names: Set(positions.map { objects[$0].identity.name }),
                    hasKnownStates: positions.contains { knownEntry(of: objects[$0]) != nil },
                    isJSON: collection.type.isCustomResourceDefinition,
                    deadline: deadline
                )
                group.addTask { (collection, await list.read()) }
            }
            for await (collection, listed) in group {
                for position in wanted[collection] ?? [] {
                    if let item = listed.found[objects[position].identity.name] {
                        findings[position] = item
                    } else if listed.isComplete {
                        survey.missing.insert(position)
                    }
                }
            }
        }
        await judge(findings, of: objects, needs, readAt: begin, &survey)
        for (position, item) in findings where survey.unchanged.contains(position) {
            guard let node = item.node, let kind = DefinedKind(objects[position]) else { continue }
            client.traits.record(definition: node, of: kind, readIn: generation)
        }
        return survey
    }

    /// Compares what was read with what an earlier run has verified, and reports the objects that are unchanged.
    private func judge(
        _ findings: [Int: MetadataList.Item],
        of objects: [ManifestObject],
        _ needs: ApplyNeeds,
        readAt begin: Int64,
        _ survey: inout Survey
    ) async {
        var servers: [GroupVersionKind: SHA256Digest?] = [:]
        for position in findings.keys.sorted() {
            guard let metadata = findings[position]?.metadata, let entry = knownEntry(of: objects[position]) else {
                continue
            }
            let type = objects[position].identity.type
            let application = ObjectApplication(applier: self, manifest: objects[position]) { _ in false }
            if servers[type] == nil { servers[type] = .some(await application.serverDigest(entry.plural)) }
            guard let digest = servers[type] ?? nil, digest == entry.serverDigest else { continue }
            guard application.hasState(metadata, of: entry) else {
                survey.changed.insert(position)
                continue
            }
            let areNeedsUnchanged = needs.objects(neededBy: position).allSatisfy(survey.unchanged.contains)
            guard areNeedsUnchanged, !metadata.isBeingDeleted,
                let result = await application.unchangedResult(metadata, entry, readAt: begin)
            else { continue }
            result.verification?.record()
            say(.applied(result.identity, result.effect))
            survey.unchanged.insert(position)
        }
    }

    /// Returns the entry of an object whose metadata shows its state.
    private func knownEntry(of object: ManifestObject) -> VerifiedObjects.Entry? {
        let key = VerifiedObjects.key(of: object.identity, defaultNamespace: client.kubeconfig.namespace)
        guard let entry = verified?.entry(for: key), entry.firstFound == nil, entry.metadataDigest != nil else {
            return nil
        }
        return entry
    }

    /// Returns the positions of the objects by collection, without collections of a few and those that are never listed.
    private func collections(
        of objects: [ManifestObject],
        _ needs: ApplyNeeds,
        _ verified: VerifiedObjects
    ) async -> [Collection: [Int]] {
        var collections: [Collection: [Int]] = [:]
        let namespace = client.kubeconfig.namespace
        let positions = Dictionary(grouping: objects.indices) { objects[$0].identity.type }
        for (type, positions) in positions where positions.count >= ListedObjects.leastCount && !type.isSecret {
            guard
                let resource = await resource(
                    of: type,
                    positions.map { objects[$0] },
                    verified,
                    isDefined: {
                        positions.contains { !needs.definitions(neededBy: $0).isEmpty }
                    }
                )
            else { continue }
            let scopes = Dictionary(grouping: positions) { position in
                resource.isNamespaced ? objects[position].identity.namespace ?? namespace : nil
            }
            for (scope, positions) in scopes {
                let path = resource.collectionPath(of: type, namespace: scope)
                collections[Collection(type: type, path: path)] = positions
            }
        }
        return collections.filter { $0.value.count >= ListedObjects.leastCount }
    }

    /// Returns the resource of a type, `nil` if it is not known without asking for a definition that has yet to be applied.
    private func resource(
        of type: GroupVersionKind,
        _ objects: [ManifestObject],
        _ verified: VerifiedObjects,
        isDefined: () -> Bool
    ) async -> APIResource? {
        let namespace = client.kubeconfig.namespace
        for object in objects {
            let key = VerifiedObjects.key(of: object.identity, defaultNamespace: namespace)
            guard let entry = verified.entry(for: key) else { continue }
            return APIResource(plural: entry.plural, isNamespaced: entry.isNamespaced)
        }
        guard type.isBuiltIn || !isDefined() else { return nil }
        return try? await client.catalog.resource(of: type, on: client, until: retryPolicy.deadline)
    }
}

/// The namespaces and kinds that an apply has created.
final class CreatedScopes: Sendable {
    private let scopes = Locked<Set<Requirement>>([])

    /// Adds the namespace or kind that an object defines which did not exist.
    func add(_ manifest: ManifestObject) {
        guard let provided = manifest.provided else { return }
        scopes.withLock { _ = $0.insert(provided) }
    }

    /// Returns whether the namespace or the kind of an object is among them, so that the object did not exist.
    ///
    /// - Parameter identity: The object, with a namespace only if its kind has one.
    /// - Returns: Whether one of the two was created by this apply.
    func include(_ identity: ObjectIdentity) -> Bool {
        scopes.withLock { scopes in identity.requirements.contains { scopes.contains($0) } }
    }
}
