import HTTP
import YAML

/// Fields that belong to other managers.
extension ObjectApplication {
    /// The request for an existing object, and its expected result.
    struct Proposal {
        /// The object as it is sent.
        var root: Node
        /// Whether the request takes over fields of other managers.
        var isForced: Bool
        /// The object after the request, `nil` if an admission webhook does not support dry runs.
        var answer: Node?
        /// Whether the server accepts the whole object without conflicts or warnings.
        var isAccepted = false
    }

    /// Determines a request that conflicts with other managers only over values that differ.
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

    /// Determines a request after a request without force has conflicted.
    ///
    /// A field that a forced request would not change is left out and stays with its manager. The server cannot share
    /// such a field, because the manifest writes its value in a different form.
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
            // The manifest does not set this label, and Helm requires its own value.
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
        // Servers before 1.21 report only one conflicting field and its parents, so the request is repeated.
        while let causes = next.deepestConflicts(in: rest) {
            for cause in causes {
                let path = FieldPath(cause.field)
                let isShared = path.resolve(in: live).node == path.resolve(in: forced).node
                if isShared { shared.append(path) } else { differing.append(cause) }
                rest = path.removed(from: rest)
            }
            do {
                let answer = try await send(rest, to: path, isDryRun: true, isForced: false).node
                // Leaving out a field must not change any other field.
                let difference = Difference(from: forced, to: answer, hasStatusSubresource: path.hasStatusSubresource)
                guard differing.isEmpty, difference.fields.isEmpty else { break }
                return Proposal(root: rest, isForced: false, answer: answer)
            } catch .refused(let other) where other.status.isFieldConflict {
                next = other.status
            }
        }
        // A value that kubectl applied and that has not changed since is not a conflict; the server makes the same
        // exception for kubectl.
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
    /// Returns the conflicts over fields that an object has, `nil` if there are none.
    ///
    /// Conflicts over parents of other conflicting fields are left out.
    fileprivate func deepestConflicts(in root: Node) -> [Cause]? {
        let present = causes.filter {
            $0.reason == "FieldManagerConflict" && FieldPath($0.field).resolve(in: root).node != nil
        }
        let paths = FieldPath.deepest(present.map { FieldPath($0.field) })
        return paths.isEmpty ? nil : present.filter { paths.contains(FieldPath($0.field)) }
    }
}

extension APIError.Refusal {
    /// Returns the refusal limited to some of its causes, or unchanged if there are none.
    fileprivate func limited(to causes: [ServerStatus.Cause]) -> Self {
        var status = status
        if !causes.isEmpty { status.causes = causes }
        return Self(request: request, status: status)
    }
}

/// Managers that change an object without a conflict.
extension ObjectApplication {
    /// Returns an object without the empty rules of an aggregated ClusterRole; a controller fills and owns the rules.
    static func withoutAggregatedRules(_ root: Node) -> Node {
        guard root["kind"]?.string == "ClusterRole", root["aggregationRule"]?.mapping != nil,
            var mapping = root.mapping,
            let rules = root["rules"], rules.isNull || rules.sequence?.isEmpty == true
        else { return root }
        mapping["rules"] = nil
        return Node(.mapping(mapping), location: root.location)
    }

    /// Moves the fields of kubectl's client-side managers to this agent, and applies the object again.
    ///
    /// As in kubectl, the migration follows an apply, so that differing values have already been reported or forced.
    /// The whole object is applied again, because fields left out earlier as kubectl's would be removed now. Returns
    /// the resulting object.
    func migrate(_ object: Node, at path: ObjectPath, to body: Node) async throws(APIError) -> Node {
        guard let migration = ClientSideMigration(of: object) else { return object }
        let migrated = try await client.object(
            "PATCH",
            path.text,
            query: [("fieldManager", ManagedMetadata.manager)],
            body: migration.patch,
            contentType: "application/json-patch+json",
            as: path.expected,
            until: deadline,
        )
        let proposal = try await proposal(for: body, live: migrated.node, at: path)
        return try await send(proposal.root, to: path, isDryRun: false, isForced: proposal.isForced).node
    }

    /// Requests a preview of an object after its migration.
    ///
    /// A dry run of the move stores nothing for a second dry run to build on. The preview is therefore the dry run of a
    /// patch without the abandoned fields, for which the server fills in defaults.
    func migrationPreview(
        of live: Node,
        _ answer: Node,
        to body: Node,
        at path: ObjectPath,
    ) async throws(APIError) -> Node {
        guard ClientSideMigration(of: answer) != nil else { return answer }
        // A forced dry run gives this agent all fields of the manifest, even fields of kubectl that were left out.
        let forced = try await send(body, to: path, isDryRun: true, isForced: true).node
        guard let migration = ClientSideMigration(of: forced) else { return answer }
        let rest = migration.abandoned.removed(from: answer)
        let metadata = ["labels", "annotations", "finalizers", "ownerReferences"]
        let keys = (live.mapping?.entries ?? []).map(\.key) + (rest.mapping?.entries ?? []).map(\.key)
        let left = ["apiVersion", "kind", "metadata"] + (path.hasStatusSubresource ? ["status"] : [])
        let others = Set(keys).subtracting(left).sorted()
        let patch =
            others.compactMap { Self.operation("/\($0)", from: live[$0], to: rest[$0]) }
            + metadata.compactMap {
                Self.operation("/metadata/\($0)", from: live["metadata"]?[$0], to: rest["metadata"]?[$0])
            }
        guard !patch.isEmpty else { return answer }
        do {
            let reply = try await client.object(
                "PATCH",
                path.text,
                query: [("fieldManager", ManagedMetadata.manager), ("dryRun", "All")],
                body: Node.sequence(patch).json(),
                contentType: "application/json-patch+json",
                as: path.expected,
                until: deadline,
            )
            return reply.node
        } catch .refused {
            return answer
        }
    }

    /// Returns the JSON patch operation that sets or removes a field, `nil` if the field does not change.
    private static func operation(_ path: String, from old: Node?, to new: Node?) -> Node? {
        guard old != new else { return nil }
        guard let new else { return .mapping(["op": .string("remove"), "path": .string(path)]) }
        return .mapping(["op": .string("add"), "path": .string(path), "value": new])
    }

    /// Refuses to change the number of replicas that a HorizontalPodAutoscaler sets.
    ///
    /// Servers before 1.22 do not record who scaled a workload, and report no conflict.
    func checkAutoscaler(of identity: ObjectIdentity, _ difference: Difference) async throws(APIError) {
        guard !applier.forceConflicts, let namespace = identity.namespace,
            difference.fields.contains(where: { $0.path == "spec.replicas" && $0.old != nil && $0.new != nil })
        else { return }
        let path = "/apis/autoscaling/v1/namespaces/\(APIClient.percentEncoded(namespace))/horizontalpodautoscalers"
        let list: Node
        do throws(APIError) {
            list = try await client.object("GET", path, until: deadline).node
        } catch .refused(let refusal) where [403, 404].contains(refusal.code) {
            // A user without permission to list autoscalers applies as if there were none.
            return
        }
        let scaler = (list["items"]?.sequence ?? []).first { item in
            let target = item["spec"]?["scaleTargetRef"]
            let version = target?["apiVersion"]?.string ?? identity.type.apiVersion
            return GroupVersionKind(apiVersion: version, kind: "").group == identity.type.group
                && target?["kind"]?.string == identity.type.kind && target?["name"]?.string == identity.name
        }
        guard let name = scaler?["metadata"]?["name"]?.string else { return }
        let status = ServerStatus(field: ".spec.replicas", managedBy: "HorizontalPodAutoscaler/\(name)")
        throw .refused(APIError.Refusal(request: "GET \(path)", status: status))
    }
}
