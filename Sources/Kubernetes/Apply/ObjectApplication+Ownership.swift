import YAML

/// Managers that change an object without a conflict.
extension ObjectApplication {
    /// An object without the empty list of rules of an aggregated ClusterRole: its controller fills the list, and owns it.
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
    /// As kubectl does, after the object was applied, so that values that differ have been reported or forced before.
    /// The whole object is applied again: what was left out because kubectl owned it would be removed now.
    /// Returns the object as it is afterwards.
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

    /// Asks what an object would become after its migration; a dry run of the move would leave nothing for the next one.
    ///
    /// The server fills in defaults for what is removed.
    func migrationPreview(
        of live: Node,
        _ answer: Node,
        to body: Node,
        at path: ObjectPath,
    ) async throws(APIError) -> Node {
        guard ClientSideMigration(of: answer) != nil else { return answer }
        // With every field of the manifest as this agent's, also those that kubectl owns and that were left out.
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

    /// The operation of a JSON patch that replaces or removes a field, `nil` if it does not change.
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
            // A user who may not list them applies as if there were none.
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
