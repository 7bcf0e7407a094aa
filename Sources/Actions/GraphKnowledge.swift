import Kubernetes
import Planning
import YAML

/// Which task of the graph brings a kind or a namespace, asked when an object misses one.
struct GraphKnowledge {
    let context: ActionContext

    /// What a task's manifest brings, and where it describes it.
    private struct Source {
        var task: String
        var manifest: Manifest
    }

    /// Adds to failures what the graph knows about them: who brings what is missing, and which edge would order it.
    func enrich(_ failures: [ObjectFailure]) async -> [ObjectFailure] {
        guard failures.contains(where: { Self.isWanted($0.cause) != nil }) else { return failures }
        let sources = await sources()
        return failures.map { failure in
            guard let isWanted = Self.isWanted(failure.cause), var problem = failure.problems.first else {
                return failure
            }
            if let source = sources.first(where: { isWanted($0.manifest) }) {
                problem.message += "; task '\(source.task)' brings it (\(source.manifest.place))"
                problem.hint = hint(for: source)
            } else {
                problem.message += "; no task of this node brings it"
            }
            var failure = failure
            failure.problems[0] = problem
            return failure
        }
    }

    /// Tells a manifest that brings what an object misses, `nil` for failures of another kind.
    private static func isWanted(_ cause: ObjectFailure.Cause) -> ((Manifest) -> Bool)? {
        switch cause {
        case .missingKind(let type):
            { manifest in DefinedKind(manifest).map { $0.group == type.group && $0.kind == type.kind } ?? false }
        case .missingNamespace(let name):
            { $0.identity.isNamespace && $0.identity.name == name }
        case .forbidden, .conflict, .invalid, .notTried, .interrupted, .other: nil
        }
    }

    private func hint(for source: Source) -> String {
        if source.task == context.task.name { return "see why that object could not be applied" }
        if context.run.plan.allDependencies(of: context.task.name).contains(source.task) {
            return "run 'nest-bootstrap run --task \(source.task)' again"
        }
        return "write 'after: [\(source.task)]' in task '\(context.task.name)'"
    }

    /// Everything that the tasks' manifests describe; URLs that are not in the cache are passed over.
    private func sources() async -> [Source] {
        var sources: [Source] = []
        for step in context.run.plan.steps {
            guard case .apply(let declaration) = step.task.verb else { continue }
            let cache = context.cache
            let contents = await ManifestLoader(run: context.run, declaration: declaration)
                .load { (url, sha256) throws(ActionError) in try cache.kept(url, sha256: sha256) }
            sources += contents.manifests.map { Source(task: step.task.name, manifest: $0) }
        }
        return sources
    }
}
