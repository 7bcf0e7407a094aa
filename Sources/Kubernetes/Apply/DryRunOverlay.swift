import Base

/// The kinds and namespaces that a real run would have applied so far.
///
/// Later objects of the dry run may need them, although the server may lack them.
public final class DryRunOverlay: Sendable {
    /// The kinds and namespaces that planned objects define; for a kind, its versions that have a status subresource.
    private let planned = Locked(ProviderIndex<Set<String>>())

    /// The kinds and namespaces that would be created or changed.
    private let changed = Locked<Set<Requirement>>([])

    public init() {}

    func recordPlanned(_ manifest: ManifestObject, isChanged: Bool) {
        if isChanged, let provided = manifest.provided { changed.withLock { _ = $0.insert(provided) } }
        let root = manifest.identity.isCustomResourceDefinition ? manifest.root : nil
        let versions = (root?["spec"]?["versions"]?.sequence ?? []).filter { $0["subresources"]?["status"] != nil }
        let names = Set(versions.compactMap { $0["name"]?.string })
        planned.withLock { $0.insert(manifest, as: names) }
    }

    /// Returns whether a planned object defines an object's kind or namespace.
    func covers(_ identity: ObjectIdentity) -> Bool {
        planned.withLock { $0.provider(neededBy: identity) } != nil
    }

    /// Returns whether a planned definition would create or change a kind.
    func changes(_ type: GroupVersionKind) -> Bool {
        changed.withLock { $0.contains(.kind(DefinedKind(type))) }
    }

    /// Returns whether a planned definition gives a type a status subresource.
    func hasStatusSubresource(_ type: GroupVersionKind) -> Bool {
        planned.withLock { $0.providers(of: .kind(DefinedKind(type))).last?.contains(type.version) ?? false }
    }
}
