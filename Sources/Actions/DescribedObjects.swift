import Base
import Kubernetes
import Planning
import YAML

/// Which task describes which object, as far as a run knows it.
///
/// Tasks of one run say what they describe before they apply it. A task that ran before, in another process, is known
/// by the annotation of its objects.
final class DescribedObjects: Sendable {
    private struct Claim: Hashable {
        var server: String
        var object: ObjectIdentity.Key
    }

    private let claims = Locked<[Claim: Applier.Rival]>([:])
    private let manifestsOfOthers = Locked<[String: [ObjectIdentity.Key: SourceLocation]]>([:])

    /// Records the objects that a task describes, except those that another task has.
    func claim(_ manifests: [ManifestObject], for task: String, _ kubeconfig: Kubeconfig) {
        claims.withLock { claims in
            for manifest in manifests {
                let claim = claim(for: manifest, kubeconfig)
                claims[claim] = claims[claim] ?? Applier.Rival(task: task, location: manifest.location)
            }
        }
    }

    /// Finds the other task that describes an object.
    ///
    /// - Parameters:
    ///   - manifest: The object.
    ///   - named: The other task that the object on the server names.
    ///   - context: The task that is about to apply it.
    ///   - kubeconfig: The kubeconfig of that task.
    /// - Returns: The task, and where it describes the object; `nil` if there is none.
    func rival(
        of manifest: ManifestObject,
        named: String?,
        _ context: ActionContext,
        _ kubeconfig: Kubeconfig,
    ) async -> Applier.Rival? {
        let claim = claim(for: manifest, kubeconfig)
        if let owner = claims.withLock({ $0[claim] }), owner.task != context.task.name { return owner }
        guard let named, let location = await locations(in: named, context, kubeconfig)[claim.object] else {
            return nil
        }
        return Applier.Rival(task: named, location: location)
    }

    /// Whether another task of the plan describes an object, as far as its manifests can be read.
    ///
    /// - Parameters:
    ///   - manifest: The object.
    ///   - context: The task that is about to delete it.
    ///   - kubeconfig: The kubeconfig of that task.
    /// - Returns: Whether there is such a task.
    func isDescribedElsewhere(
        _ manifest: ManifestObject,
        _ context: ActionContext,
        _ kubeconfig: Kubeconfig,
    ) async -> Bool {
        let object = manifest.identity.key(defaultNamespace: kubeconfig.namespace)
        for task in context.run.plan.steps.lazy.map(\.task)
        where task.name != context.task.name && task.footprint.manifests != nil {
            if await locations(in: task.name, context, kubeconfig)[object] != nil { return true }
        }
        return false
    }

    private func claim(for manifest: ManifestObject, _ kubeconfig: Kubeconfig) -> Claim {
        Claim(
            server: kubeconfig.server,
            object: manifest.identity.key(defaultNamespace: kubeconfig.namespace),
        )
    }

    /// Where another task of the plan describes its objects; none if it has been removed or applies nothing.
    private func locations(
        in task: String,
        _ context: ActionContext,
        _ kubeconfig: Kubeconfig,
    ) async -> [ObjectIdentity.Key: SourceLocation] {
        if let known = manifestsOfOthers.withLock({ $0[task] }) { return known }
        let step = context.run.plan.steps.first { $0.task.name == task }
        guard let manifests = step?.task.footprint.manifests else { return [:] }
        let cache = context.cache
        let contents = await ManifestLoader(run: context.run, manifests: manifests)
            .load { (url, sha256) throws(Problem) in try cache.kept(url, sha256: sha256) }
        let found = contents.manifests.map {
            ($0.identity.key(defaultNamespace: kubeconfig.namespace), $0.location)
        }
        let locations = Dictionary(found) { first, _ in first }
        manifestsOfOthers.withLock { $0[task] = locations }
        return locations
    }
}
