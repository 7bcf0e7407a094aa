import Base
import Kubernetes
import Planning
import YAML

/// A check for dependencies between tasks whose order is not declared.
///
/// Without a declared order, objects may be applied before their CRD, depending on the speed of the machine.
struct UndeclaredDependencies {
    let plan: Plan
    let contents: [TaskManifests]
    /// The dependencies already reported as missing, by task.
    private(set) var reported: [String: Set<String>] = [:]

    /// Reports each missing dependency of a task once.
    mutating func problems() -> [Problem] {
        pathProblems() + directoryProblems() + unitProblems() + typeProblems()
    }

    /// Reports files that a task reads without running after the task that writes them.
    private mutating func pathProblems() -> [Problem] {
        let producers = PathProducers(plan)
        var problems: [Problem] = []
        for task in plan.steps.lazy.map(\.task) {
            for path in task.footprint.requiredReads {
                let source = producers.producer(of: path.path) ?? producers.producer(ofManifestIn: path.path)
                guard let source, isMissing([source], in: task) else { continue }
                problems.append(
                    Problem(
                        "task '\(task.name)' reads '\(path.path)', which task '\(source)' writes, "
                            + "but does not run after it",
                        at: path.location,
                        hint: "write 'after: [\(source)]'"
                    )
                )
            }
        }
        return problems
    }

    /// Reports paths that a task writes in a directory without running after the task that creates the directory.
    ///
    /// The directory would be created for the path, with another mode and owner. A task that corrects the directory
    /// after the other task has run is not reported.
    private mutating func directoryProblems() -> [Problem] {
        let producers = PathProducers(plan)
        var problems: [Problem] = []
        for task in plan.steps.lazy.map(\.task) {
            for write in task.footprint.writes where write.effect != .removes {
                // A program may write all that is in its own directory.
                let path = write.effect == .modifies ? "\(write.path.path.withoutSlashesAtEnd)/" : write.path.path
                guard let directory = producers.directory(above: path),
                    !plan.task(directory.task, runsAfter: task.name), isMissing([directory.task], in: task)
                else { continue }
                problems.append(
                    Problem(
                        "task '\(task.name)' writes '\(write.path.path)', and task '\(directory.task)' creates "
                            + "'\(directory.path)', but it does not run after it",
                        at: write.path.location,
                        hint: "write 'after: [\(directory.task)]'"
                    )
                )
            }
        }
        return problems
    }

    /// Reports units that a task starts or enables without running after the task that writes the unit's file.
    private mutating func unitProblems() -> [Problem] {
        var problems: [Problem] = []
        for task in plan.steps.lazy.map(\.task) {
            guard let service = task.verb.declaration as? ServiceDeclaration, !service.mayBeAbsent,
                let source = plan.task(writingUnit: service.unit), isMissing([source], in: task)
            else { continue }
            problems.append(
                Problem(
                    "task '\(task.name)' needs unit '\(service.unit)', which task '\(source)' installs, "
                        + "but does not run after it",
                    at: service.location,
                    hint: "write 'after: [\(source)]'"
                )
            )
        }
        return problems
    }

    /// Reports objects that are applied without running after the task that provides their kind or namespace.
    private mutating func typeProblems() -> [Problem] {
        var provided = ProviderIndex<ProvidingTask>()
        for (task, manifests) in contents {
            for manifest in manifests {
                provided.insert(manifest, as: ProvidingTask(task: task.name, location: manifest.location))
            }
        }
        var problems: [Problem] = []
        for (task, manifests) in contents {
            for manifest in manifests {
                let sources = manifest.identity.requirements.map { provided.providers(of: $0).map(\.task) }
                guard let missing = sources.first(where: { isMissing($0, in: task) })?.first else { continue }
                problems.append(
                    Problem(
                        "task '\(task.name)' applies \(manifest.identity), which needs a kind or namespace of task '\(missing)', "
                            + "but does not run after it",
                        at: task.location,
                        hint: "write 'after: [\(missing)]'"
                    )
                )
            }
        }
        return problems
    }

    /// Returns whether a dependency on given tasks is neither declared nor reported yet, and records it as reported.
    private mutating func isMissing(_ sources: [String], in task: PlannedTask) -> Bool {
        guard let first = sources.first else { return false }
        let isKnown = sources.contains { source in
            source == task.name || plan.task(task.name, runsAfter: source)
                || reported[task.name]?.contains(source) ?? false
        }
        if !isKnown { reported[task.name, default: []].insert(first) }
        return !isKnown
    }
}
