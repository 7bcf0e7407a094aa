import YAML

/// Objects that an earlier run has found unchanged.
extension ObjectApplication {
    /// The verification of one object in its present state.
    struct Verification {
        let objects: VerifiedObjects
        let digest: String
        let path: String

        /// Whether an earlier run has verified the object in this state.
        var isKnown: Bool { objects.contains(digest, at: path) }

        /// Records that a dry run has changed nothing.
        func record() { objects.record(digest, at: path) }
    }

    /// What is verified for an object that exists, `nil` if only a dry run can say what its manifest would change.
    func verification(of live: Node, _ body: Node, at path: ObjectPath) async -> Verification? {
        guard let objects = applier.verified, !isDryRun, !Self.isExcluded(manifest.identity.type),
            let resource = try? await client.catalog.resource(of: path.identity.type, on: client, until: deadline),
            let traits = await client.traits.traits(of: client, until: deadline),
            !traits.mayMutate(path.identity.type.group, resource.plural),
            let definition = await client.traits.definition(
                of: path.identity.type,
                resource.plural,
                on: client,
                until: deadline
            )
        else { return nil }
        let inputs = ApplyInputs(body: body, live: live, serverVersion: traits.version, definition: definition)
        return Verification(objects: objects, digest: inputs.digest, path: path.text)
    }

    /// Whether objects of a type are always asked about.
    ///
    /// Admission plugins of the server itself change pods and claims, as its flags and other objects say. The digest of a Secret
    /// would be a way to guess its values.
    private static func isExcluded(_ type: GroupVersionKind) -> Bool {
        type.group.isEmpty && ["PersistentVolumeClaim", "Pod", "Secret"].contains(type.kind)
    }
}
