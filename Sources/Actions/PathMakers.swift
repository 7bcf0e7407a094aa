import Planning
import YAML

/// Which task of a plan makes which path of the node.
struct PathMakers {
    private var tasks: [String: String] = [:]
    /// The tasks that make a manifest, by the directory of it.
    private var manifestTasks: [String: String] = [:]

    /// Collects what the tasks of a plan make.
    init(_ plan: Plan) {
        for step in plan.steps {
            guard let path = step.task.verb.madePath else { continue }
            tasks[path] = tasks[path] ?? step.task.name
            guard ManifestLoader.isManifest(path), let slash = path.lastIndex(of: "/") else { continue }
            let directory = String(path[..<slash])
            manifestTasks[directory] = manifestTasks[directory] ?? step.task.name
        }
    }

    /// The task that makes a path, or a link on the way to it.
    func maker(of path: String) -> String? {
        var path = path[...]
        while !path.isEmpty {
            if let task = tasks[String(path)] { return task }
            path = path[..<(path.lastIndex(of: "/") ?? path.startIndex)]
        }
        return nil
    }

    /// The task that makes a manifest in a directory.
    func maker(ofManifestIn directory: String) -> String? {
        var directory = directory
        while directory.hasSuffix("/") { directory.removeLast() }
        return manifestTasks[directory]
    }
}

extension Verb {
    /// The path that the task makes, if it makes one: what it writes, or what its program is said to create.
    var madePath: String? {
        switch self {
        case .kubeconfig, .symlink, .file: writtenPath?.path
        case .exec(let declaration): declaration.creates?.path
        case .apply, .wait: nil
        }
    }

    /// The paths that the task cannot do without; not one that it waits for.
    var readPaths: [PathReference] {
        switch self {
        case .kubeconfig(let declaration):
            return [declaration.certificateAuthority, declaration.certificate, declaration.key]
        case .symlink: return []
        case .file(let declaration):
            return if case .path(let source) = declaration.source { [source] } else { [] }
        case .apply(let declaration):
            let manifests = declaration.manifests.compactMap { if case .path(let path) = $0 { path } else { nil } }
            return (usedKubeconfig.map { [$0] } ?? []) + manifests
        case .exec(let declaration):
            switch declaration.program {
            case .script(let script): return [script]
            case .command(let name, let place): return name.contains("/") ? [PathReference(name, place: place)] : []
            }
        case .wait(let declaration):
            if case .url(_, let authority?) = declaration.condition { return [authority] }
            return usedKubeconfig.map { [$0] } ?? []
        }
    }
}
