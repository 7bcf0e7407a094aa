import Base
import Kubernetes
import Planning

/// The objects that the tasks of a plan describe, read from their manifests when they are needed.
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
        // If a description is incomplete, all are read again next time, because a task may still write a manifest.
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
}

extension [TaskDescription] {
    /// Returns the reason not to delete an object, if one of the tasks describes it or may do so.
    func reasonToKeep(_ object: ObjectIdentity) -> Problem? {
        for other in self {
            guard let location = other.location(of: object) else { continue }
            return Problem("task '\(other.task)' describes it at \(location)")
        }
        return lazy.compactMap(\.doubt).first
    }
}

struct TaskDescription: Sendable {
    private struct Name: Hashable {
        var kind: DefinedKind
        var name: String
    }

    let task: String
    /// The kinds and namespaces that the manifests define.
    private(set) var provided = ProviderIndex<ProvidingTask>()
    private var places: [Name: [(namespace: String?, location: SourceLocation)]] = [:]
    /// The namespace of objects that specify none; `nil` if it is not known.
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
            provided.insert(manifest, as: ProvidingTask(task: task, location: manifest.location))
        }
    }

    /// Returns the location of an object's description, if any; an unknown namespace matches every namespace.
    func location(of object: ObjectIdentity) -> SourceLocation? {
        places[Name(kind: DefinedKind(inAnyBuiltInGroup: object.type), name: object.name)]?.first { place in
            guard let namespace = object.namespace, let other = place.namespace ?? defaultNamespace else { return true }
            return namespace == other
        }?.location
    }
}

/// A task, and the location of its manifest that defines a kind or namespace.
struct ProvidingTask: Sendable {
    var task: String
    var location: SourceLocation
}

/// Hints about kinds and namespaces that the server lacks, derived from the manifests of the plan.
struct DependencyHints {
    /// The context of the task whose objects need the kinds and namespaces.
    let context: ActionContext

    /// Returns whether the plan may still create a kind or namespace that the server lacks.
    ///
    /// A program of an earlier task may create anything.
    func mayAppear(_ requirement: Requirement) async -> Bool {
        let plan = context.run.plan
        let earlier = plan.allDependencies(of: context.task.name)
        if plan.steps.contains(where: { earlier.contains($0.task.name) && $0.task.footprint.runsPrograms }) {
            return true
        }
        let (provided, isComplete) = await provided()
        return !isComplete || !provided.providers(of: requirement).isEmpty
    }

    /// Adds to each failure due to a missing kind or namespace, if known, which task provides it or that none does.
    func add(to failures: [ObjectFailure]) async -> [ObjectFailure] {
        guard failures.contains(where: { Self.requirement($0.cause) != nil }) else { return failures }
        let (provided, isComplete) = await provided()
        return failures.map { failure in
            guard let requirement = Self.requirement(failure.cause), var fault = failure.faults.first else {
                return failure
            }
            if let source = provided.providers(of: requirement).first {
                fault.message += "; task '\(source.task)' provides it (\(source.location))"
                fault.hint = hint(for: source)
            } else if isComplete {
                fault.message += "; no task of this node provides it"
                let similar = requirement.kind.flatMap(provided.similarKind)
                fault.hint = similar.map { "did you mean 'kind: \($0.kind)'?" } ?? fault.hint
            }
            var failure = failure
            failure.faults[0] = fault
            return failure
        }
    }

    /// Returns the kind or namespace that an object needs and the server lacks, or `nil` for other failures.
    private static func requirement(_ cause: ObjectFailure.Cause) -> Requirement? {
        switch cause {
        case .missingKind(let type): .kind(DefinedKind(type))
        case .missingNamespace(let name): .namespace(name)
        default: nil
        }
    }

    private func hint(for source: ProvidingTask) -> String {
        if source.task == context.task.name { return "see why that object could not be applied" }
        if context.run.plan.allDependencies(of: context.task.name).contains(source.task) {
            return "run \(context.run.quotedCall(running: source.task)) again"
        }
        return "write 'after: [\(source.task)]' in task '\(context.task.name)'"
    }

    /// Returns the kinds and namespaces that all tasks define, and whether all manifests of other tasks were read.
    private func provided() async -> (index: ProviderIndex<ProvidingTask>, isComplete: Bool) {
        let tasks = await context.run.describedObjects.all(context)
        var index = ProviderIndex<ProvidingTask>()
        for task in tasks { index.insert(task.provided) }
        return (index, tasks.allSatisfy { $0.task == context.task.name || $0.doubt == nil })
    }
}
