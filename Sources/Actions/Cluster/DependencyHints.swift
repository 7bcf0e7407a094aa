import Base
import Kubernetes
import Planning
import YAML

/// Hints about kinds and namespaces that the server lacks, derived from the manifests of the plan.
struct DependencyHints {
    /// The context of the task whose objects failed.
    let context: ActionContext

    /// Returns whether the plan may still create a kind or namespace that the server does not have.
    ///
    /// A program that runs before the task may create anything.
    func mayAppear(_ requirement: Requirement) async -> Bool {
        let plan = context.run.plan
        let earlier = plan.allDependencies(of: context.task.name)
        if plan.steps.contains(where: { earlier.contains($0.task.name) && $0.task.footprint.runsPrograms }) {
            return true
        }
        let (provided, isComplete) = await provided()
        return !isComplete || !provided.providers(of: requirement).isEmpty
    }

    /// Adds hints to failures: the task that provides the missing kind or namespace, and how to run after that task.
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

    /// Returns the kinds and namespaces that all manifests define, and whether all those of other tasks can be read.
    private func provided() async -> (index: ProviderIndex<ProvidingTask>, isComplete: Bool) {
        let tasks = await context.run.describedObjects.all(context)
        var index = ProviderIndex<ProvidingTask>()
        for task in tasks { index.insert(task.provided) }
        return (index, tasks.allSatisfy { $0.task == context.task.name || $0.doubt == nil })
    }
}
