/// The objects of a run that failed and that others need.
struct FailedObjects {
    /// The namespace of objects that name none.
    let namespace: String

    private var namespaces: [String: ObjectIdentity] = [:]
    private var kinds: [String: ObjectIdentity] = [:]

    init(namespace: String) {
        self.namespace = namespace
    }

    /// Adds an object that could not be applied.
    mutating func insert(_ manifest: Manifest) {
        if manifest.identity.isNamespace {
            namespaces[manifest.identity.name] = manifest.identity
        } else if let kind = DefinedKind(manifest) {
            kinds[kind.key] = manifest.identity
        }
    }

    /// The failed object without which a manifest cannot be applied.
    func culprit(of manifest: Manifest) -> ObjectIdentity? {
        let type = manifest.identity.type
        return namespaces[manifest.identity.namespace ?? namespace]
            ?? kinds[DefinedKind(group: type.group, kind: type.kind).key]
    }
}
