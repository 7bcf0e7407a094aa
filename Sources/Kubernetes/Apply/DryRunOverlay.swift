import Base

/// The objects that a dry run would have created so far, for the objects that come after them.
///
/// The server cannot be asked about an object whose kind or namespace it does not have yet.
public final class DryRunOverlay: Sendable {
    private let planned = Locked(ProviderIndex<ObjectIdentity>())

    /// Creates an empty overlay.
    public init() {}

    /// Adds an object that would be on the server.
    func recordPlanned(_ manifest: ManifestObject) {
        planned.withLock { $0.insert(manifest, as: manifest.identity) }
    }

    /// Whether an object's kind or namespace would be on the server by now.
    func covers(_ identity: ObjectIdentity) -> Bool {
        planned.withLock { $0.provider(neededBy: identity) } != nil
    }
}
