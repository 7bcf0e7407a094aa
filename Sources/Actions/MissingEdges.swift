import Kubernetes
import Planning
import YAML

/// Objects that need what another task brings, without running after that task.
///
/// On a fast machine such a plan works by luck; on a slow one it is the race between a CRD and its objects.
struct MissingEdges {
    let plan: Plan
    let contents: [(task: TaskDeclaration, manifests: [Manifest])]

    /// One problem a task and missing edge, at the first object that needs it.
    var problems: [Diagnostic] {
        var kinds: [String: String] = [:]
        var namespaces: [String: String] = [:]
        for (task, manifests) in contents {
            for manifest in manifests {
                if let kind = DefinedKind(manifest) { kinds["\(kind.group)/\(kind.kind)"] = task.name }
                if manifest.identity.isNamespace { namespaces[manifest.identity.name] = task.name }
            }
        }
        return contents.flatMap { task, manifests in
            var known: Set<String> = [task.name]
            known.formUnion(plan.allDependencies(of: task.name))
            return manifests.compactMap { manifest -> Diagnostic? in
                let type = manifest.identity.type
                let source =
                    kinds["\(type.group)/\(type.kind)"] ?? manifest.identity.namespace.flatMap { namespaces[$0] }
                guard let source, known.insert(source).inserted else { return nil }
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

extension Plan {
    /// The tasks that a task runs after, also by way of others.
    func allDependencies(of name: String) -> Set<String> {
        let part = try? selecting([name], withDependencies: true)
        return Set(part?.steps.map(\.task.name).filter { $0 != name } ?? [])
    }
}
