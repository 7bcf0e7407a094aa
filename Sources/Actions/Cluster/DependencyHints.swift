import Base
import Kubernetes
import Planning
import YAML

/// Hints about kinds and namespaces that the server lacks, derived from the manifests of the plan.
struct DependencyHints {
    /// The context of the task whose objects failed.
    let context: ActionContext

    /// The kinds and namespaces that the manifests of all tasks define.
    private struct Provided {
        var index = ProviderIndex<ProvidingTask>()
        /// Whether there are manifests that cannot be read yet.
        var isIncomplete = false
    }

    /// Returns whether the plan may still create a kind or namespace that the server does not have.
    ///
    /// A program that runs before the task may create anything.
    func mayAppear(_ requirement: Requirement) async -> Bool {
        let plan = context.run.plan
        let earlier = plan.allDependencies(of: context.task.name)
        if plan.steps.contains(where: { earlier.contains($0.task.name) && $0.task.footprint.runsPrograms }) {
            return true
        }
        let provided = await provided()
        return provided.isIncomplete || !provided.index.providers(of: requirement).isEmpty
    }

    /// Adds hints to failures: the task that provides the missing kind or namespace, and how to run after that task.
    func add(to failures: [ObjectFailure]) async -> [ObjectFailure] {
        guard failures.contains(where: { Self.requirement($0.cause) != nil }) else { return failures }
        let provided = await provided().index
        return failures.map { failure in
            guard let requirement = Self.requirement(failure.cause), var fault = failure.faults.first else {
                return failure
            }
            if let source = provided.providers(of: requirement).first {
                fault.message += "; task '\(source.task)' provides it (\(source.location))"
                fault.hint = hint(for: source)
            } else {
                fault.message += "; no task of this node provides it"
                let similar = requirement.kind.flatMap(provided.similarKind)
                fault.hint = similar.map { "did you mean 'kind: \($0.kind)'?" } ?? fault.hint
            }
            var failure = failure
            failure.faults[0] = fault
            return failure
        }
    }

    /// Returns the kind or namespace that an object needs and the server does not have, `nil` for other failures.
    private static func requirement(_ cause: ObjectFailure.Cause) -> Requirement? {
        switch cause {
        case .missingKind(let type): .kind(DefinedKind(type))
        case .missingNamespace(let name): .namespace(name)
        case .forbidden, .denied, .conflict, .outdated, .invalid, .notTried, .beingDeleted, .interrupted, .other: nil
        }
    }

    private func hint(for source: ProvidingTask) -> String {
        if source.task == context.task.name { return "see why that object could not be applied" }
        if context.run.plan.allDependencies(of: context.task.name).contains(source.task) {
            return "run \(context.run.quotedCall(running: source.task)) again"
        }
        return "write 'after: [\(source.task)]' in task '\(context.task.name)'"
    }

    /// Returns the kinds and namespaces that all manifests define, except manifests at URLs that are not in the cache.
    ///
    /// Manifests that no task writes are read once per run.
    private func provided() async -> Provided {
        var all = Provided()
        for task in context.run.plan.steps.lazy.map(\.task) {
            guard let manifests = task.footprint.manifests else { continue }
            if let known = context.run.providedTypes[task.name] {
                all.index.insert(known)
                continue
            }
            let cache = context.cache(of: task)
            let isCached = Locked(true)
            let contents = await ManifestLoader(run: context.run, manifests: manifests)
                .load { (_, sha256) throws(Problem) in
                    let kept = cache.keptText(sha256: sha256)
                    if kept == nil { isCached.withLock { $0 = false } }
                    return kept
                }
            var own = ProviderIndex<ProvidingTask>()
            own.insert(contents.manifests, of: task.name)
            all.index.insert(own)
            let isComplete = contents.problems.isEmpty && isCached.withLock { $0 }
            if task.name != context.task.name, !isComplete { all.isIncomplete = true }
            let isStatic = manifests.sources.allSatisfy { source in
                guard case .path(let path) = source else { return false }
                return context.run.producers.producer(of: path.path) == nil
                    && context.run.producers.producer(ofManifestIn: path.path) == nil
            }
            if isStatic, isComplete {
                context.run.providedTypes[task.name] = own
            }
        }
        return all
    }
}
