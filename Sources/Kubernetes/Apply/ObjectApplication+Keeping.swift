import Base
import HTTP
import YAML

/// Fields of other managers that keep their values while the rest of an object is applied.
extension ObjectApplication {
    /// An object to send that does not conflict with other managers.
    struct KeptFields {
        /// The object, in which fields of other managers have the values of the server or are left out.
        var root: Node
        /// The conflicts over these fields, without those over values that are only written in another form.
        var conflicts: [ServerStatus.Cause] = []
        /// The request, if the server has accepted the object in a dry run.
        var proposal: Proposal?
    }

    /// Resolves the conflicts of an object so that all fields of other managers keep their values.
    ///
    /// Servers before 1.21 report only one conflicting field and its parents, so the request is repeated.
    ///
    /// - Parameters:
    ///   - body: The object as it would be sent.
    ///   - live: The object on the server.
    ///   - path: The object's path.
    /// - Returns: The object to send; the given object if the task does not keep such fields.
    /// - Throws: ``APIError`` unless a conflict or an invalid value is the reason, which the next request reports.
    func keepingConflicts(in body: Node, live: Node, at path: ObjectPath) async throws(APIError) -> KeptFields {
        guard applier.keepsConflicts else { return KeptFields(root: body) }
        let fields = LiveFields(live, takingFrom: applier.takenManagers)
        let lastApplied = Takeover.lastApplied(of: live).map(SecretData.sent)
        var kept = KeptFields(root: body)
        // The object without the fields that may be taken, whose conflicts would hide others.
        var probe = body
        var tried: Set<FieldPath> = []
        while true {
            let causes: [ServerStatus.Cause]
            do throws(APIError) {
                guard let reply = try await dryRunApply(probe, at: path) else { return kept }
                causes = try await undetectedConflicts(from: live, to: reply.node, of: path)
                if causes.isEmpty, probe == kept.root {
                    kept.proposal = Proposal(
                        root: kept.root,
                        isForced: false,
                        answer: reply.node,
                        isAccepted: tried.isEmpty && reply.response.values(of: "warning").isEmpty
                    )
                }
                if causes.isEmpty { break }
            } catch .refused(let refusal) where refusal.status.isFieldConflict {
                causes = refusal.status.deepestConflicts(in: probe) ?? []
                // A conflict over a field that is not sent cannot be resolved.
                if causes.isEmpty { break }
            } catch .refused(let refusal) where refusal.isInvalid {
                break
            }
            let before = probe
            let unresolved = Set(unresolved(causes, live, lastApplied).map { FieldPath($0.field) })
            for field in causes.map({ FieldPath($0.field) }).unique() {
                guard unresolved.contains(field) else {
                    probe = field.removed(from: probe)
                    continue
                }
                // A field that conflicts even with its own value is left out.
                let isRepeated = !tried.insert(field).inserted
                let retain = { isRepeated ? field.removed(from: $0) : fields.retaining(field, in: $0) }
                (probe, kept.root) = (retain(probe), retain(kept.root))
            }
            kept.conflicts += causes.filter { unresolved.contains(FieldPath($0.field)) }
            if probe == before { break }
        }
        kept.conflicts = try await withOtherValues(kept.conflicts, body, live: live, at: path)
        return kept
    }

    /// Returns the conflicts of an accepted dry run that the server does not detect.
    private func undetectedConflicts(
        from live: Node,
        to answer: Node,
        of path: ObjectPath,
    ) async throws(APIError) -> [ServerStatus.Cause] {
        let conflicts = SecretData.conflicts(changing: live, to: answer)
        let difference = Difference(from: live, to: answer, hasStatusSubresource: path.hasStatusSubresource)
        do throws(APIError) {
            try await checkAutoscaler(of: path.identity, difference)
            return conflicts
        } catch .refused(let refusal) where refusal.status.isFieldConflict {
            return conflicts + refusal.status.causes
        }
    }

    /// Returns the conflicts over fields that a forced request would change.
    private func withOtherValues(
        _ conflicts: [ServerStatus.Cause],
        _ body: Node,
        live: Node,
        at path: ObjectPath,
    ) async throws(APIError) -> [ServerStatus.Cause] {
        guard !conflicts.isEmpty else { return [] }
        var forced = body
        do throws(APIError) {
            forced = try await send(body, to: path, isDryRun: true, isForced: true).node
        } catch .refused(let refusal) where refusal.isInvalid || refusal.status.isFieldConflict {
            // Without the server's result, values that are written in different forms count as different.
        }
        return conflicts.filter { cause in
            let field = FieldPath(cause.field)
            // The manifest does not have the label with which the agent marks its objects.
            guard SecretData.writtenPath(of: field, in: manifest).resolve(in: manifest.root).node != nil else {
                return false
            }
            return field.resolve(in: live).node != field.resolve(in: forced).node
        }
    }

    /// Returns a remark about each field that stays as it is, with its managers and both values.
    func notes(about conflicts: [ServerStatus.Cause], _ live: Node) -> [String] {
        let explanation = applier.explanation(of: manifest, live: live)
        let fields = ServerStatus(conflicts).conflicts
        return fields.map(\.path).unique().sorted { $0.text < $1.text }.map { field in
            let managers = fields.filter { $0.path == field }.map(\.manager).unique()
            let path = SecretData.writtenPath(of: field, in: manifest)
            let values =
                "\(explanation.shown(field, in: live)) on the server, \(explanation.shown(path, in: manifest.root)) here"
            return "\(path.name) is kept, because \(quotedList(managers)) owns it: \(values)"
        }
    }
}
