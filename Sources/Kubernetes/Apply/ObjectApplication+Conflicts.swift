import HTTP
import YAML

/// Fields that belong to other managers.
extension ObjectApplication {
    /// What is sent for an object that exists, and what the server would make of it.
    struct Proposal {
        /// The object as it is sent.
        var root: Node
        /// Whether fields of other managers are taken.
        var isForced: Bool
        /// The object after the request, `nil` if an admission webhook does not support dry runs.
        var answer: Node?
        /// Whether the server takes the whole object without a conflict and without a warning.
        var isAccepted = false
    }

    /// Finds out what to send so that only values that differ conflict with other managers.
    func proposal(for root: Node, live: Node, at path: ObjectPath) async throws(APIError) -> Proposal {
        do throws(APIError) {
            let reply = try await dryRunApply(root, at: path)
            let answer = reply?.node
            if let answer, !applier.forceConflicts {
                let conflicts = SecretData.conflicts(changing: live, to: answer)
                guard conflicts.isEmpty else {
                    throw .refused(APIError.Refusal(request: "PATCH \(path.text)", status: ServerStatus(conflicts)))
                }
            }
            return Proposal(
                root: root,
                isForced: answer == nil && applier.forceConflicts,
                answer: answer,
                isAccepted: reply?.response.values(of: "warning").isEmpty == true,
            )
        } catch .refused(let refusal) where refusal.status.isFieldConflict {
            return try await proposal(for: root, live: live, at: path, despite: refusal)
        }
    }

    /// Finds out what to send when a request without force met a conflict.
    ///
    /// A field whose value a forced request would leave as it is does not need to be taken. It is left out and stays with
    /// its manager: the server cannot share it, because the manifest writes it in another form than the server.
    private func proposal(
        for root: Node,
        live: Node,
        at path: ObjectPath,
        despite refusal: APIError.Refusal,
    ) async throws(APIError) -> Proposal {
        let label = FieldPath("metadata.labels.\(ManagedMetadata.managedByLabel)")
        if refusal.status.conflicts.contains(where: { $0.path == label }),
            label.resolve(in: manifest.root).node == nil, label.resolve(in: root).node != nil
        {
            // The label is not the user's, and Helm needs its own value of it.
            return try await proposal(for: label.removed(from: root), live: live, at: path)
        }
        let forced: Node
        do {
            let reply = try await send(root, to: path, isDryRun: true, isForced: true)
            reportWarnings(of: reply.response)
            forced = reply.node
        } catch .refused(let other) where other.status.isFieldConflict {
            throw .refused(refusal)
        }
        var differing: [ServerStatus.Cause] = []
        var shared: [FieldPath] = []
        var rest = root
        var next = refusal.status
        // Servers before 1.21 name only one of the fields that conflict, with its parents, so they are asked again.
        while let causes = next.deepestConflicts(in: rest) {
            for cause in causes {
                let path = FieldPath(cause.field)
                let isShared = path.resolve(in: live).node == path.resolve(in: forced).node
                if isShared { shared.append(path) } else { differing.append(cause) }
                rest = path.removed(from: rest)
            }
            do {
                let answer = try await send(rest, to: path, isDryRun: true, isForced: false).node
                // A field that was left out must not have an effect on another one.
                let difference = Difference(from: forced, to: answer, hasStatusSubresource: path.hasStatusSubresource)
                guard differing.isEmpty, difference.fields.isEmpty else { break }
                return Proposal(root: rest, isForced: false, answer: answer)
            } catch .refused(let other) where other.status.isFieldConflict {
                next = other.status
            }
        }
        // As the server allows it to kubectl: what kubectl applied and nobody has changed since is the manifest's.
        let lastApplied = ClientSideMigration.lastApplied(of: live).map(SecretData.sent)
        let conflicts = differing.filter { cause in
            let path = FieldPath(cause.field)
            guard let applied = lastApplied.flatMap({ path.resolve(in: $0).node }) else { return true }
            return applied != path.resolve(in: live).node
        }
        guard applier.forceConflicts || conflicts.isEmpty && !differing.isEmpty else {
            throw .refused(refusal.limited(to: conflicts))
        }
        let taking = differing.isEmpty ? root : shared.reduce(root) { $1.removed(from: $0) }
        let answer = try await send(taking, to: path, isDryRun: true, isForced: true).node
        return Proposal(root: taking, isForced: true, answer: answer)
    }
}

extension ServerStatus {
    /// The conflicts about fields that an object has, without those about parents of such fields; `nil` if there are none.
    fileprivate func deepestConflicts(in root: Node) -> [Cause]? {
        let present = causes.filter {
            $0.reason == "FieldManagerConflict" && FieldPath($0.field).resolve(in: root).node != nil
        }
        let paths = FieldPath.deepest(present.map { FieldPath($0.field) })
        return paths.isEmpty ? nil : present.filter { paths.contains(FieldPath($0.field)) }
    }
}

extension APIError.Refusal {
    /// The refusal with only some of its causes, or with all of them if there are none of these.
    fileprivate func limited(to causes: [ServerStatus.Cause]) -> Self {
        var status = status
        if !causes.isEmpty { status.causes = causes }
        return Self(request: request, status: status)
    }
}
