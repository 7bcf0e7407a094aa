import Base
import Kubernetes
import Planning

/// The objects that the tasks of a plan describe, read from their manifests when they are first needed.
final class DescribedObjects: Sendable {
    /// The descriptions of all tasks, by the name of the task that reads them.
    private let readings = Locked<[String: Task<[TaskDescription], Never>]>([:])

    /// Returns a description of each task with manifests; URLs are read from the cache only.
    func all(_ context: ActionContext) async -> [TaskDescription] {
        let name = context.task.name
        let reading = readings.withLock { readings in
            let reading = readings[name] ?? Task { await Self.read(context) }
            readings[name] = reading
            return reading
        }
        let found = await reading.value
        // An incomplete description is read again, because another task may write a missing manifest meanwhile.
        if found.contains(where: { $0.doubt != nil }) { readings.withLock { $0[name] = nil } }
        return found
    }

    private static func read(_ context: ActionContext) async -> [TaskDescription] {
        var found: [TaskDescription] = []
        for task in context.run.plan.steps.lazy.map(\.task) {
            guard let manifests = task.footprint.manifests else { continue }
            let other = ActionContext(run: context.run, task: task, deadline: context.deadline, emit: context.emit)
            let contents = await ManifestLoader(run: context.run, manifests: manifests)
                .load { (_, sha256) throws(Problem) in other.keptText(sha256: sha256) }
            let kubeconfig = task.footprint.kubeconfig.flatMap { context.run.knownKubeconfig($0.path) }
            found.append(TaskDescription(task.name, contents, defaultNamespace: kubeconfig?.namespace))
        }
        return found
    }

    /// Returns the task that is named in the object on the server, if it is in the plan and describes the object too.
    func rival(
        of manifest: ManifestObject,
        named: String?,
        _ context: ActionContext,
        defaultNamespace namespace: String,
    ) async -> Applier.Rival? {
        guard let named, context.run.plan.position(of: named) != nil else { return nil }
        var identity = manifest.identity
        identity.namespace = identity.namespace ?? namespace
        let location = await all(context).first { $0.task == named }?.location(of: identity)
        return location.map { (named, $0) }
    }

    /// Returns the reason not to delete an object: another task of the plan describes it, or may do so.
    func reasonToKeep(_ object: ObjectIdentity, _ context: ActionContext) async -> Problem? {
        let others = await all(context).filter { $0.task != context.task.name }
        for other in others {
            guard let location = other.location(of: object) else { continue }
            return Problem("task '\(other.task)' describes it at \(location)")
        }
        return others.lazy.compactMap(\.doubt).first
    }
}

/// The objects that a task describes.
struct TaskDescription: Sendable {
    private struct Name: Hashable {
        var kind: DefinedKind
        var name: String
    }

    let task: String
    /// The kinds and namespaces that the manifests define.
    private(set) var provided = ProviderIndex<String>()
    private var places: [Name: [(namespace: String?, location: SourceLocation)]] = [:]
    /// The namespace of objects without one; `nil` if it is not known.
    private let defaultNamespace: String?

    /// The reason why the task may describe further objects; `nil` if all its manifests were read.
    let doubt: Problem?

    init(_ task: String, _ contents: ManifestLoader.Contents, defaultNamespace: String?) {
        (self.task, self.defaultNamespace) = (task, defaultNamespace)
        if let problem = contents.problems.first {
            let place = problem.location.map { "\($0): " } ?? ""
            doubt = Problem(
                "task '\(task)' may describe it: \(place)\(problem.publicMessage ?? problem.message)",
                hint: problem.hint
            )
        } else if !contents.isComplete {
            doubt = Problem(
                "task '\(task)' may describe it in a manifest that is not in the cache yet",
                hint: "run task '\(task)' first"
            )
        } else {
            doubt = nil
        }
        for manifest in contents.manifests {
            let name = Name(kind: DefinedKind(inAnyBuiltInGroup: manifest.identity.type), name: manifest.identity.name)
            places[name, default: []].append((manifest.identity.namespace, manifest.location))
            provided.insert(manifest, as: task)
        }
    }

    /// Returns the location at which an object is described; an unknown namespace matches every namespace.
    func location(of object: ObjectIdentity) -> SourceLocation? {
        places[Name(kind: DefinedKind(inAnyBuiltInGroup: object.type), name: object.name)]?.first { place in
            guard let namespace = object.namespace, let other = place.namespace ?? defaultNamespace else { return true }
            return namespace == other
        }?.location
    }
}

extension ActionContext {
    /// Returns whether the plan may still create a kind or namespace that the server lacks.
    ///
    /// A program of an earlier task may create anything.
    func mayAppear(_ requirement: Requirement) async -> Bool {
        let plan = run.plan
        let earlier = plan.allDependencies(of: task.name)
        if plan.steps.contains(where: { earlier.contains($0.task.name) && $0.task.footprint.runsPrograms }) {
            return true
        }
        return await run.describedObjects.all(self).contains { other in
            other.task != task.name && other.doubt != nil || !other.provided.providers(of: requirement).isEmpty
        }
    }
}
