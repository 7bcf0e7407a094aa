import YAML

/// What keeps an object from being applied although the server would accept it.
extension ObjectApplication {
    /// Reports another task that describes the object.
    ///
    /// - Parameter live: The object on the server, whose annotation names the task that applied it.
    /// - Throws: ``APIError/rival(_:)`` if there is one.
    func checkRival(_ live: Node?) async throws(APIError) {
        let named = live.flatMap(ManagedMetadata.task)
        let other = named == applier.managedMetadata.task ? nil : named
        if let rival = await applier.rival(manifest, other) { throw .rival(rival) }
    }

    /// Refuses to change an object that is being deleted: the change would go with it.
    ///
    /// Without anything that holds it up it is gone soon, and is then created again.
    func checkDeletion(of object: Node?, _ identity: ObjectIdentity) throws(APIError) {
        guard let object, ManagedMetadata.isBeingDeleted(object) else { return }
        guard isDryRun else { throw .beingDeleted(object.remainingFinalizers) }
        applier.say(.warning(identity, "it is being deleted; a run waits until it is gone and creates it again"))
    }
}
