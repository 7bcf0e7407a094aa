import Base
import Kubernetes
import Planning

/// A check for tasks that need another task's results without a declared order.
///
/// Whether such tasks succeed depends on the speed of the machine.
struct UndeclaredDependencies {
    let plan: Plan
    let producers: PathProducers
    let contents: [TaskManifests]
    /// For each task, the missing dependencies that were already reported.
    private(set) var reported: [String: Set<String>] = [:]
    private(set) var found: [Problem] = []
    /// The results of ``Planning/Plan/stepsRunning(after:)`` so far, by task.
    private(set) var after: [String: [Bool]] = [:]

    /// Returns the problems; each missing dependency of a task is reported once.
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

    /// Reports a task that writes below a directory or link without running after the task that creates it.
    ///
    /// Such a task may create the directory itself, with the default mode and owner. Nothing is reported if the other
    /// task is declared to run later, because it corrects the mode and owner of the directory.
    private mutating func requireDirectories(of task: PlannedTask) {
        for write in task.footprint.writes where write.effect != .removes {
            // For a path that a task modifies, a task that creates a directory at the path itself counts too.
            let path = write.effect == .modifies ? "\(write.path.path.withoutSlashesAtEnd)/" : write.path.path
            guard let directory = producers.directory(above: path), !runs(directory.task, after: task.name) else {
                continue
            }
            require([directory.task], in: task, at: write.path.location) {
                "writes '\(write.path.path)' in '\(directory.path)', which task '\($0)' creates"
            }
        }
    }

    /// Reports tasks that apply objects without running after the task that provides their kind or namespace.
    private mutating func requireTypes() {
        var provided = ProviderIndex<ProvidingTask>()
        for (task, manifests) in contents {
            for manifest in manifests {
                provided.insert(manifest, as: ProvidingTask(task: task.name, location: manifest.location))
            }
        }
        for (task, manifests) in contents {
            for manifest in manifests {
                for requirement in manifest.identity.requirements {
                    require(provided.providers(of: requirement).map(\.task), in: task, at: task.location) {
                        "applies \(manifest.identity), which needs a kind or namespace of task '\($0)'"
                    }
                }
            }
        }
    }

    /// Reports a task that needs one of the sources, unless it is or runs after one, or was already reported for one.
    ///
    /// `need` returns a predicate of the task for the first source, such as `reads '/a', which task 'b' writes`.
    private mutating func require(
        _ sources: [String],
        in task: PlannedTask,
        at location: SourceLocation,
        _ need: (String) -> String
    ) {
        guard let first = sources.first else { return }
        for source in sources
        where source == task.name || reported[task.name]?.contains(source) == true || runs(task.name, after: source) {
            return
        }
        reported[task.name, default: []].insert(first)
        let message = "task '\(task.name)' \(need(first)), but does not run after it"
        found.append(Problem(message, at: location, hint: "write 'after: [\(first)]'"))
    }

    private mutating func runs(_ task: String, after other: String) -> Bool {
        guard let index = plan.position(of: task) else { return false }
        let steps = after[other] ?? plan.stepsRunning(after: other)
        after[other] = steps
        return steps[index]
    }
}
