import Base

/// The objects that a dry run would have created so far, for use by later objects.
///
/// The server cannot be asked about an object whose kind or namespace it does not have yet.
public final class DryRunOverlay: Sendable {
    /// Objects that would be on the server; for a definition, the versions of its kind that have a status subresource.
    private let planned = Locked(ProviderIndex<Set<String>>())

    /// Creates an empty overlay.
    public init() {}

    /// Adds an object that would be on the server.
    func recordPlanned(_ manifest: ManifestObject) {
        let root = manifest.identity.isCustomResourceDefinition ? manifest.root : nil
        let versions = (root?["spec"]?["versions"]?.sequence ?? []).filter { $0["subresources"]?["status"] != nil }
        let names = Set(versions.compactMap { $0["name"]?.string })
        planned.withLock { $0.insert(manifest, as: names) }
    }

    /// Returns whether the dry run would have created an object's kind or namespace by now.
    func covers(_ identity: ObjectIdentity) -> Bool {
        planned.withLock { $0.provider(neededBy: identity) } != nil
    }

    /// Returns whether a planned definition gives a type a status subresource.
    func hasStatusSubresource(_ type: GroupVersionKind) -> Bool {
        planned.withLock { $0.providers(of: .kind(DefinedKind(type))).last?.contains(type.version) ?? false }
    }
}
