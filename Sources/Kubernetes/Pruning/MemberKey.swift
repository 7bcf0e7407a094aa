import Base

/// The key of an object in an ApplySet, regardless of the version of its kind.
struct MemberKey: Sendable, Hashable {
    var kind: DefinedKind
    /// The namespace, `nil` if the kind is cluster-scoped.
    var namespace: String?
    var name: String

    /// Creates the key of an object on the server.
    init(_ identity: ObjectIdentity) {
        kind = DefinedKind(identity.type)
        namespace = identity.namespace
        name = identity.name
    }

    /// The key as a line of text, such as `Deployment.apps/default/web` or `Namespace/web`.
    var text: String { [kind.text, namespace, name].compactMap(\.self).joined(separator: "/") }

    /// Reads a key as written by ``text``, or returns `nil` if the text is not a key.
    init?(text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { String($0) }
        guard (2...3).contains(parts.count), let kind = DefinedKind(text: parts[0]), let name = parts.last,
            !name.isEmpty, !parts[1].isEmpty
        else { return nil }
        self.kind = kind
        namespace = parts.count == 3 ? parts[1] : nil
        self.name = name
    }

    /// Returns the sorted lines of keys.
    static func lines(_ keys: Set<Self>) -> [String] { keys.map(\.text).sorted() }
}
