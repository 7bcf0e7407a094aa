import Kubernetes
import Planning
import YAML

/// Which task of the graph brings a kind or a namespace, asked when an object misses one.
struct GraphKnowledge {
    let context: ActionContext

    /// A task, and where its manifest describes the thing.
    private struct Source {
        var task: String
        var place: Place
    }

    /// Adds to a failure what the graph knows about it: who brings what is missing, and which edge would order it.
    func enrich(_ failure: ObjectFailure) async -> ObjectFailure {
        let isMissing: (Manifest) -> Bool
        switch failure.cause {
        case .missingKind(let type):
            isMissing = { DefinedKind($0).map { $0.group == type.group && $0.kind == type.kind } ?? false }
        case .missingNamespace(let name):
            isMissing = { $0.identity.isNamespace && $0.identity.name == name }
        case .forbidden, .conflict, .invalid, .notTried, .interrupted, .other:
            return failure
        }
        var failure = failure
        guard var problem = failure.problems.first else { return failure }
        if let source = await source(isMissing) {
            problem.message += "; task '\(source.task)' brings it (\(source.place))"
            problem.hint = hint(for: source)
        } else {
            problem.message += "; no task of this node brings it"
        }
        failure.problems[0] = problem
        return failure
    }

    private func hint(for source: Source) -> String {
        if source.task == context.task.name { return "see why that object could not be applied" }
        if dependencies(of: context.task.name).contains(source.task) {
            return "run 'nest-bootstrap run --task \(source.task)' again"
        }
        return "write 'after: [\(source.task)]' in task '\(context.task.name)'"
    }

    private func dependencies(of name: String) -> Set<String> {
        var found: Set<String> = []
        var open = [name]
        while let next = open.popLast(), let step = context.run.plan.steps.first(where: { $0.task.name == next }) {
            for case .task(let name, _) in step.task.after where found.insert(name).inserted { open.append(name) }
        }
        return found
    }

    /// The first task whose manifests hold what is looked for; URLs that are not in the cache are passed over.
    private func source(_ isMissing: (Manifest) -> Bool) async -> Source? {
        for step in context.run.plan.steps {
            guard case .apply(let declaration) = step.task.verb else { continue }
            let loader = ManifestLoader(run: context.run, declaration: declaration)
            let contents = await loader.load { (url, sha256) throws(ActionError) in
                let path = "\(context.run.cacheDirectory)/\(sha256)"
                do {
                    return try context.run.files.read(path, limit: 64 << 20)
                } catch {
                    throw ActionError("'\(url)' is not in the cache")
                }
            }
            if let found = contents.manifests.first(where: isMissing) {
                return Source(task: step.task.name, place: found.place)
            }
        }
        return nil
    }
}
