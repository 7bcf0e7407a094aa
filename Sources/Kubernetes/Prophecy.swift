import Locking

/// What a dry run would already have brought about, for the objects that would come after it.
///
/// The server cannot be asked about an object whose kind or namespace it does not have yet.
public final class Prophecy: Sendable {
    private let kinds = Locked<Set<String>>([])
    private let namespaces = Locked<Set<String>>([])

    /// Creates a prophecy of nothing.
    public init() {}

    /// Adds an object that would be on the server.
    func foretell(_ manifest: Manifest) {
        if manifest.identity.isNamespace {
            _ = namespaces.withLock { $0.insert(manifest.identity.name) }
        } else if let kind = DefinedKind(manifest) {
            _ = kinds.withLock { $0.insert(kind.key) }
        }
    }

    /// Whether an object's kind or namespace would be there by now.
    func covers(_ identity: ObjectIdentity) -> Bool {
        let kind = DefinedKind(group: identity.type.group, kind: identity.type.kind).key
        return kinds.withLock { $0.contains(kind) }
            || identity.namespace.map { name in namespaces.withLock { $0.contains(name) } } ?? false
    }
}
