import Base
import Kubernetes
import Planning
import TLS
import YAML

/// The objects that the tasks of a plan are known to describe.
///
/// Tasks of a run record their objects before they apply them. The objects of the plan's other tasks are read from
/// their manifests.
final class DescribedObjects: Sendable {
    private struct Claim: Hashable {
        var server: String
        var object: ObjectIdentity.Key
    }

    /// The key of a task's manifests as read by another task.
    private struct Reading: Hashable {
        var reader: String
        var task: String
    }

    private let claims = Locked<[Claim: Applier.Rival]>([:])
    /// The descriptions; `nil` if the described task and the reading task apply their manifests to different clusters.
    private let readings = Locked<[Reading: TaskDescription?]>([:])
    /// The objects that all other tasks describe, by the name of the task that reads them.
    private let others = Locked<[String: [TaskDescription]]>([:])

    /// Records the objects that a task describes, except objects that another task has recorded.
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
    ///   - named: The name of the other task, as found in the object on the server.
    ///   - context: The context of the task that is about to apply the object.
    ///   - kubeconfig: The kubeconfig of that task.
    /// - Returns: The task and the location of its description, or `nil` if there is none.
    func rival(
        of manifest: ManifestObject,
        named: String?,
        _ context: ActionContext,
        _ kubeconfig: Kubeconfig,
    ) async -> Applier.Rival? {
        let claim = claim(for: manifest, kubeconfig)
        if let owner = claims.withLock({ $0[claim] }), owner.task != context.task.name { return owner }
        guard let named, let position = context.run.plan.position(of: named),
            let description = await description(of: context.run.plan.steps[position].task, context, kubeconfig)
        else { return nil }
        var identity = manifest.identity
        identity.namespace = identity.namespace ?? kubeconfig.namespace
        return description.location(of: identity).map { Applier.Rival(task: named, location: $0) }
    }

    /// Returns the reason to keep an object: another task of the plan describes it, or may do so.
    ///
    /// - Parameters:
    ///   - object: The object on the server, without a namespace if its kind has none.
    ///   - context: The context of the task that is about to delete the object.
    ///   - kubeconfig: The kubeconfig of that task.
    /// - Returns: The reason, `nil` if no other task describes the object.
    func reasonToKeep(
        _ object: ObjectIdentity,
        _ context: ActionContext,
        _ kubeconfig: Kubeconfig,
    ) async -> Pruner.Reason? {
        var doubt: Pruner.Reason?
        for description in await otherDescriptions(context, kubeconfig) {
            if let location = description.location(of: object) {
                return Pruner.Reason("task '\(description.task)' describes it at \(location)")
            }
            doubt = doubt ?? description.doubt
        }
        return doubt
    }

    /// Returns the objects that the other tasks of the plan describe in the cluster of a kubeconfig.
    private func otherDescriptions(_ context: ActionContext, _ kubeconfig: Kubeconfig) async -> [TaskDescription] {
        let reader = context.task.name
        if let known = others.withLock({ $0[reader] }) { return known }
        var found: [TaskDescription] = []
        for task in context.run.plan.steps.lazy.map(\.task) where task.name != reader {
            if let description = await description(of: task, context, kubeconfig) { found.append(description) }
        }
        others.withLock { [found] in $0[reader] = found }
        return found
    }

    private func claim(for manifest: ManifestObject, _ kubeconfig: Kubeconfig) -> Claim {
        Claim(
            server: kubeconfig.server,
            object: manifest.identity.key(defaultNamespace: kubeconfig.namespace),
        )
    }

    /// Returns the objects that another task describes, or `nil` if the task applies none to the kubeconfig's cluster.
    private func description(
        of task: PlannedTask,
        _ context: ActionContext,
        _ kubeconfig: Kubeconfig,
    ) async -> TaskDescription? {
        guard let manifests = task.footprint.manifests else { return nil }
        let reading = Reading(reader: context.task.name, task: task.name)
        if let known = readings.withLock({ $0[reading] }) { return known }
        let description = await read(manifests, of: task, context, kubeconfig)
        readings.withLock { $0[reading] = .some(description) }
        return description
    }

    private func read(
        _ manifests: ManifestSet,
        of task: PlannedTask,
        _ context: ActionContext,
        _ kubeconfig: Kubeconfig,
    ) async -> TaskDescription? {
        let own = context.task.footprint.kubeconfig?.path
        let path = task.footprint.kubeconfig?.path
        let other = path == own ? kubeconfig : path.flatMap(context.run.knownKubeconfig)
        if let other, isOfAnotherCluster(other, than: kubeconfig, context.run.files) { return nil }
        let cache = context.cache(of: task)
        let contents = await ManifestLoader(run: context.run, manifests: manifests)
            .load { (_, sha256) throws(Problem) in cache.keptText(sha256: sha256) }
        return TaskDescription(task.name, contents, defaultNamespace: other?.namespace)
    }
}

/// The objects that a task describes.
private struct TaskDescription: Sendable {
    private struct Name: Hashable {
        var kind: DefinedKind
        var name: String
    }

    /// The task's name.
    let task: String
    private var places: [Name: [(namespace: String?, location: SourceLocation)]] = [:]
    /// The namespace of objects that name none, `nil` if it is not known.
    private let defaultNamespace: String?

    /// The reason why the task may describe more objects, or `nil` if all its manifests were read.
    let doubt: Pruner.Reason?

    init(_ task: String, _ contents: ManifestLoader.Contents, defaultNamespace: String?) {
        (self.task, self.defaultNamespace) = (task, defaultNamespace)
        if let problem = contents.problems.first {
            let place = problem.location.map { "\($0): " } ?? ""
            doubt = Pruner.Reason(
                "task '\(task)' may describe it: \(place)\(problem.publicMessage ?? problem.message)",
                advice: problem.hint
            )
        } else if !contents.isComplete {
            doubt = Pruner.Reason(
                "task '\(task)' may describe it in a manifest that is not in the cache yet",
                advice: "run task '\(task)' first"
            )
        } else {
            doubt = nil
        }
        for manifest in contents.manifests {
            let name = Name(kind: DefinedKind(inAnyBuiltInGroup: manifest.identity.type), name: manifest.identity.name)
            places[name, default: []].append((manifest.identity.namespace, manifest.location))
        }
    }

    /// Returns the location of the object's description; an unknown namespace matches every namespace.
    func location(of object: ObjectIdentity) -> SourceLocation? {
        places[Name(kind: DefinedKind(inAnyBuiltInGroup: object.type), name: object.name)]?.first { place in
            guard let namespace = object.namespace, let other = place.namespace ?? defaultNamespace else { return true }
            return namespace == other
        }?.location
    }
}

extension DescribedObjects {
    /// Returns whether two kubeconfigs have different servers and CAs, and therefore belong to different clusters.
    private func isOfAnotherCluster(_ one: Kubeconfig, than other: Kubeconfig, _ files: NodeFiles) -> Bool {
        guard one.server != other.server, let own = authorities(of: one, files),
            let others = authorities(of: other, files)
        else { return false }
        return own.isDisjoint(with: others)
    }

    /// Returns the certificates of a kubeconfig's CA, or `nil` if they are not known.
    private func authorities(of kubeconfig: Kubeconfig, _ files: NodeFiles) -> Set<[UInt8]>? {
        let pem: [UInt8]?
        switch kubeconfig.certificateAuthority {
        case .file(let path): pem = try? files.read(path, limit: SizeLimit.configuration)
        case .data(let bytes): pem = bytes
        case nil: pem = nil
        }
        guard let pem, let certificates = try? Certificate.read(pem: pem), !certificates.isEmpty else { return nil }
        return Set(certificates.map(\.der))
    }
}
