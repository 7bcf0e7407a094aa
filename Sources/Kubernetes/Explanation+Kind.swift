import YAML

/// Kinds that the server does not have.
extension Explanation {
    /// A missing kind, with the versions or kinds that the server does have.
    func missingKind() async -> ObjectFailure {
        let type = manifest.identity.type
        var message = "the server has no kind '\(type.kind)' in '\(type.apiVersion)'"
        var field = "apiVersion"
        var hint: String?
        if let near = client.catalog.nearKind(to: type) {
            (field, hint) = ("kind", "did you mean 'kind: \(near)'?")
        } else if let other = await otherVersions().first {
            message += "; it has it in '\(other)'"
            hint = "write 'apiVersion: \(other)'"
        } else {
            hint = "apply the CustomResourceDefinition that brings it first"
        }
        return ObjectFailure(
            object: manifest.identity,
            cause: .missingKind(type),
            problems: [problem(at: manifest.root[field]?.place, message, hint: hint)],
        )
    }

    /// The groups and versions in which the server has the object's kind, the object's own group first.
    ///
    /// A kind of the same name in somebody else's group is another kind; only among the server's own it may have moved.
    private func otherVersions() async -> [String] {
        let type = manifest.identity.type
        let all = await client.schemas.types(ofKind: type.kind, on: client, until: deadline)
        let own = all.filter { $0.group == type.group }
        let moved = all.filter { Self.isBuiltIn($0.group) && Self.isBuiltIn(type.group) }
        return (own.isEmpty ? moved : own).map(\.apiVersion)
    }

    /// Whether a group is the server's own: `apps`, `rbac.authorization.k8s.io`, and the core group without a name.
    private static func isBuiltIn(_ group: String) -> Bool {
        !group.contains(".") || group.hasSuffix(".k8s.io")
    }
}
