import Base
import Kubernetes
import Planning

/// A check for dependencies between tasks whose order is not declared.
///
/// Without a declared order, objects may be applied before their CRD, depending on the speed of the machine.
struct UndeclaredDependencies {
    let plan: Plan
    let producers: PathProducers
    let contents: [TaskManifests]
    /// The dependencies already reported as missing, by task.
    private(set) var reported: [String: Set<String>] = [:]
    private(set) var found: [Problem] = []
    /// For each task that others need, whether each step of the plan runs after it.
    private(set) var after: [String: [Bool]] = [:]

    /// Reports each missing dependency of a task once.
    mutating func problems() -> [Problem] {
        let tasks = plan.steps.map(\.task)
        for task in tasks {
            for path in task.footprint.requiredReads {
                let source = producers.producer(of: path.path) ?? producers.producer(ofManifestIn: path.path)
                require([source].compactMap(\.self), in: task, at: path.location) {
                    "reads '\(path.path)', which task '\($0)' writes"
                }
            }
        }
        for task in tasks { requireDirectories(of: task) }
        for task in tasks {
            guard let service = task.footprint.service, !service.mayBeAbsent,
                let source = plan.task(writingUnit: service.unit)
            else { continue }
            require([source], in: task, at: service.location) {
                "needs unit '\(service.unit)', which task '\($0)' installs"
            }
        }
        requireTypes()
        return found
    }

    /// Reports paths that a task writes in a directory without running after the task that creates the directory.
    ///
    /// The directory would be created for the path, with another mode and owner. A task that corrects the directory
    /// after the other task has run is not reported.
    private mutating func requireDirectories(of task: PlannedTask) {
        for write in task.footprint.writes where write.effect != .removes {
            // A program may write all that is in its own directory.
            let path = write.effect == .modifies ? "\(write.path.path.withoutSlashesAtEnd)/" : write.path.path
            guard let directory = producers.directory(above: path), !runs(directory.task, after: task.name) else {
                continue
            }
            require([directory.task], in: task, at: write.path.location) {
                "writes '\(write.path.path)' in '\(directory.path)', which task '\($0)' creates"
            }
        }
    }

    /// Reports objects that are applied without running after the task that provides their kind or namespace.
    private mutating func requireTypes() {
        var provided = ProviderIndex<String>()
        for (task, manifests) in contents {
            for manifest in manifests {
                provided.insert(manifest, as: task.name)
            }
        }
        for (task, manifests) in contents {
            for manifest in manifests {
                let sources = manifest.identity.requirements.map { provided.providers(of: $0) }
                for missing in sources where isMissing(missing, in: task) {
                    require(missing, in: task, at: task.location) {
                        "applies \(manifest.identity), which needs a kind or namespace of task '\($0)'"
                    }
                    break
                }
            }
        }
    }

    /// Reports a task that runs after none of those that provide something, unless the first is reported already.
    ///
    /// - Parameters:
    ///   - sources: The tasks, any of which suffices.
    ///   - task: The task that needs one of them.
    ///   - location: The location of the need.
    ///   - need: Returns the need, a predicate of the task that names another task.
    private mutating func require(
        _ sources: [String],
        in task: PlannedTask,
        at location: SourceLocation,
        _ need: (String) -> String
    ) {
        guard let first = sources.first, isMissing(sources, in: task) else { return }
        reported[task.name, default: []].insert(first)
        let message = "task '\(task.name)' \(need(first)), but does not run after it"
        found.append(Problem(message, at: location, hint: "write 'after: [\(first)]'"))
    }

    /// Returns whether a dependency on one of some tasks is neither declared nor reported yet.
    private mutating func isMissing(_ sources: [String], in task: PlannedTask) -> Bool {
        for source in sources {
            if source == task.name || reported[task.name]?.contains(source) == true || runs(task.name, after: source) {
                return false
            }
        }
        return !sources.isEmpty
    }

    private mutating func runs(_ task: String, after other: String) -> Bool {
        guard let index = plan.position(of: task) else { return false }
        let steps = after[other] ?? plan.stepsRunning(after: other)
        after[other] = steps
        return steps[index]
    }
}
