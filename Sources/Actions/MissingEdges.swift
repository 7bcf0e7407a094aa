import Kubernetes
import Planning
import YAML

/// What tasks need of each other without running after each other.
///
/// On a fast machine such a plan works by luck; on a slow one it is the race between a CRD and its objects.
struct MissingEdges {
    let plan: Plan
    let contents: [(task: TaskDeclaration, manifests: [Manifest])]

    /// One problem a task and missing edge, at what needs it first.
    var problems: [Diagnostic] {
        var known: [String: KnownTasks] = [:]
        return pathProblems(&known) + objectProblems(&known) + sharedObjectProblems
    }

    /// Files that a task reads and another makes.
    private func pathProblems(_ known: inout [String: KnownTasks]) -> [Diagnostic] {
        let makers = PathMakers(plan)
        return plan.steps.flatMap { step in
            let task = step.task
            return task.verb.readPaths.compactMap { reference -> Diagnostic? in
                let source = makers.maker(of: reference.path) ?? makers.maker(ofManifestIn: reference.path)
                guard let source, known[task.name, default: KnownTasks(task, plan)].add(source) else { return nil }
                return Diagnostic(
                    reference.place,
                    "task '\(task.name)' reads '\(reference.path)', which task '\(source)' writes, "
                        + "but does not run after it",
                    hint: "write 'after: [\(source)]'",
                )
            }
        }
    }

    /// Objects that two tasks describe: each run of the one would undo what the other did.
    private var sharedObjectProblems: [Diagnostic] {
        var owners: [ObjectIdentity: (task: String, place: Place)] = [:]
        return contents.flatMap { task, manifests in
            manifests.compactMap { manifest -> Diagnostic? in
                guard let owner = owners[manifest.identity], owner.task != task.name else {
                    owners[manifest.identity] = (task.name, manifest.place)
                    return nil
                }
                return Diagnostic(
                    manifest.place,
                    "task '\(task.name)' applies \(manifest.identity), which task '\(owner.task)' applies too "
                        + "(\(owner.place)): each would undo the other",
                    hint: "remove it from one of them",
                )
            }
        }
    }

    /// Objects whose kind or namespace another task brings.
    private func objectProblems(_ known: inout [String: KnownTasks]) -> [Diagnostic] {
        var kinds: [String: String] = [:]
        var namespaces: [String: String] = [:]
        for (task, manifests) in contents {
            for manifest in manifests {
                if let kind = DefinedKind(manifest) { kinds["\(kind.group)/\(kind.kind)"] = task.name }
                if manifest.identity.isNamespace { namespaces[manifest.identity.name] = task.name }
            }
        }
        return contents.flatMap { task, manifests in
            manifests.compactMap { manifest -> Diagnostic? in
                let type = manifest.identity.type
                let source =
                    kinds["\(type.group)/\(type.kind)"] ?? manifest.identity.namespace.flatMap { namespaces[$0] }
                guard let source, known[task.name, default: KnownTasks(task, plan)].add(source) else { return nil }
                return Diagnostic(
                    task.place,
                    "task '\(task.name)' applies \(manifest.identity), which needs what task '\(source)' brings, "
                        + "but does not run after it",
                    hint: "write 'after: [\(source)]'",
                )
            }
        }
    }
}

/// The tasks that a task runs after, itself, and those that were told to be missing.
private struct KnownTasks {
    private let name: String
    private let plan: Plan
    /// Found out only for tasks that need something of another.
    private var names: Set<String>?

    init(_ task: TaskDeclaration, _ plan: Plan) {
        name = task.name
        self.plan = plan
    }

    /// Adds a task, and tells whether it was not known.
    mutating func add(_ other: String) -> Bool {
        guard other != name else { return false }
        var known = names ?? plan.allDependencies(of: name)
        defer { names = known }
        return known.insert(other).inserted
    }
}

extension Plan {
    /// The tasks that a task runs after, also by way of others.
    func allDependencies(of name: String) -> Set<String> {
        let part = try? selecting([name], withDependencies: true)
        return Set(part?.steps.map(\.task.name).filter { $0 != name } ?? [])
    }
}
