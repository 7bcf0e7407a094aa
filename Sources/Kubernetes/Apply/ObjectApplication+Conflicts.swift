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
        let lastApplied = Takeover.lastApplied(of: live).map(SecretData.sent)
        let forced: Node
        do {
            let reply = try await send(root, to: path, isDryRun: true, isForced: true)
            if isDryRun { reportWarnings(of: reply.response) }
            forced = reply.node
        } catch .refused(let other) where other.status.isFieldConflict {
            throw .refused(refusal)
        } catch .refused(let other) where other.isInvalid && !applier.forceConflicts {
            // Without the server's result, values that are written in different forms count as different.
            let differing = refusal.status.causes.filter { cause in
                let path = FieldPath(cause.field)
                return path.resolve(in: live).node != path.resolve(in: root).node
            }
            let conflicts = unresolved(differing, live, lastApplied)
            throw .refused(conflicts.isEmpty ? other : refusal.limited(to: conflicts))
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
        let conflicts = unresolved(differing, live, lastApplied)
        guard applier.forceConflicts || conflicts.isEmpty && !differing.isEmpty else {
            throw .refused(refusal.limited(to: conflicts))
        }
        let taking = differing.isEmpty ? root : shared.reduce(root) { $1.removed(from: $0) }
        let answer = try await send(taking, to: path, isDryRun: true, isForced: true).node
        return Proposal(root: taking, isForced: true, answer: answer)
    }
}

extension ObjectApplication {
    /// Returns the conflicts over values that differ and may not be taken.
    ///
    /// A value that only kubectl owns may be taken if kubectl applied it, whatever form the server stores it in, because
    /// another client that changes it owns it afterwards; the server makes the same exception for kubectl. The same holds
    /// for a default that the server added to kubectl's object, for the values of managers that the task file lists, and
    /// for a version that the task may replace by an older one.
    func unresolved(
        _ causes: [ServerStatus.Cause],
        _ live: Node,
        _ lastApplied: Node?,
    ) -> [ServerStatus.Cause] {
        let kubectls = Set(applier.takenManagers.clientSideManagers(of: live))
        return causes.filter { cause in
            let managers = ServerStatus([cause]).conflicts.map(\.manager)
            guard managers.isEmpty || !managers.allSatisfy(applier.takenManagers.includes) else { return false }
            let path = FieldPath(cause.field)
            if isReplacedVersion(path) { return false }
            guard let lastApplied else { return true }
            let isKubectls = { kubectls.contains($0) || applier.takenManagers.includes($0) }
            guard managers.allSatisfy(isKubectls) else { return true }
            // A field that kubectl has not applied is a default, which the server gave the object in kubectl's request.
            let isOfApply = managers.allSatisfy { $0 == TakenManagers.clientSideApply }
            guard let applied = path.resolve(in: lastApplied).node else { return !isOfApply }
            guard managers.isEmpty || !isOfApply else { return false }
            return path.resolve(in: live).node?.includes(applied) != true
        }
    }
}

extension ObjectApplication {
    /// Returns whether a field records a version that the task may replace by an older one.
    private func isReplacedVersion(_ path: FieldPath) -> Bool {
        guard applier.managedMetadata.version?.allowsOlder == true else { return false }
        return AppliedVersion.annotations.contains { path.text == "metadata.annotations.\($0)" }
    }
}

extension ServerStatus {
    /// Returns the conflicts over fields that an object has, `nil` if there are none.
    ///
    /// Conflicts over parents of other conflicting fields are left out.
    func deepestConflicts(in root: Node) -> [Cause]? {
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
