import YAML

/// Fields that belong to other managers.
extension Explanation {
    /// A conflict of server-side apply: one fault a field.
    func conflictFailure(_ status: ServerStatus) -> ObjectFailure {
        let faults = status.conflicts.flatMap { conflict in
            let serverPath = conflict.path
            let path = SecretData.writtenPath(of: serverPath, in: manifest)
            let target = path.resolve(in: manifest.root)
            let there = live.flatMap { serverPath.resolve(in: $0).node }
            // Taking such a field would only be refused next, because it cannot be changed.
            if ImmutableField.contains(path.text, of: manifest.identity.type), let there, there != target.node {
                return immutable(ServerStatus.Cause(reason: "", message: "", field: path.text))
            }
            let here = "\(shown(path, in: manifest.root)) here"
            let values = live.map { "\(shown(serverPath, in: $0)) on the server, \(here)" } ?? here
            let owned = "\(path.name) is owned by '\(conflict.manager)'\(note(on: conflict.manager))"
            let wrote = lastWrite(of: conflict.manager).map { ", which last wrote at \($0)" } ?? ""
            let hint = hint(for: conflict)
            return [
                fault(
                    at: target.location,
                    "\(owned)\(wrote): \(values)",
                    hint: hint,
                    common: ObjectFailure.Common(message: owned, hint: hint),
                    values: values,
                )
            ]
        }
        return ObjectFailure(object: manifest.identity, cause: .conflict, faults: faults)
    }

    /// What a manager's name does not say.
    private func note(on manager: String) -> String {
        if manager == "before-first-apply" { return " (not known: written before the server recorded managers)" }
        return manager == Self.helm ? release.map { " (release '\($0)')" } ?? "" : ""
    }

    private func hint(for conflict: ServerStatus.Conflict) -> String {
        let manager = conflict.manager
        // Since 1.22 the server records the autoscaler's changes as the controller manager's.
        let scalers = ["HorizontalPodAutoscaler/", "kube-controller-manager"]
        if conflict.path.text == "spec.replicas", scalers.contains(where: manager.hasPrefix) {
            return "remove 'replicas' from the manifest, so that the autoscaler sets it"
        }
        let force = "with 'apply: {conflicts: force}' in task '\(task)'"
        guard manager == Self.helm, let release else { return "take it \(force), or remove it here" }
        return "set it in the values of release '\(release)', or remove it here, or take it \(force) until the release "
            + "is upgraded"
    }

    private static let helm = "helm"

    /// The Helm release that the object belongs to, as `namespace/name`.
    private var release: String? {
        let annotations = live?["metadata"]?["annotations"]
        guard let name = annotations?["meta.helm.sh/release-name"]?.string else { return nil }
        return [annotations?["meta.helm.sh/release-namespace"]?.string, name].compactMap(\.self).joined(separator: "/")
    }

    /// When a manager last wrote to the object, from its managed fields.
    private func lastWrite(of manager: String) -> String? {
        (live?["metadata"]?["managedFields"]?.sequence ?? [])
            .filter { $0["manager"]?.string == manager }
            .compactMap { $0["time"]?.string }
            .max()
    }
}
