/// The files of a plan that not everybody should read, and which of its tasks names which of them.
///
/// Secret is every client key, every kubeconfig, and every file that is written for its owner alone, with what it is
/// copied from.
struct Secrets {
    /// All of them, each once, in the order of the plan.
    private var all: [String] = []
    /// The keys in each kubeconfig that a task of the plan writes.
    private var keys: [String: String] = [:]
    private var known: Set<String> = []

    /// Finds the secrets of a plan.
    init(_ plan: Plan) {
        for step in plan.steps {
            let verb = step.task.verb
            switch verb {
            case .kubeconfig(let declaration):
                let path = normalised(declaration.path.path)
                keys[path] = normalised(declaration.key.path)
                add([declaration.key.path, path])
            case .file(let declaration) where declaration.mode & 0o077 == 0:
                add([declaration.path.path] + verb.namedPaths)
            case .symlink, .file, .apply, .wait, .exec: break
            }
            if let kubeconfig = verb.usedKubeconfig { add([kubeconfig.path]) }
        }
    }

    private mutating func add(_ paths: [String]) {
        all += paths.map(normalised).filter { known.insert($0).inserted }
    }

    /// The secrets that a task does not name, and that its unit hides.
    func hidden(from verb: Verb) -> [String] {
        var named = verb.namedPaths.map(normalised)
        if let kubeconfig = verb.usedKubeconfig, keys[normalised(kubeconfig.path)] == nil {
            // It was made elsewhere, and nobody knows which of the files it refers to.
            return []
        }
        if case .exec(let declaration) = verb {
            let texts = declaration.texts
            named += all.filter { secret in texts.contains { $0.contains(secret) } }
        }
        named += named.compactMap { keys[$0] }
        if let written = verb.writtenPath { named.append(normalised(written.path)) }
        let hidden = all.lazy.filter { secret in !named.contains { isPath(secret, at: $0) } }
        return Array(hidden.prefix(Limit.hiddenCount))
    }
}

extension ExecDeclaration {
    /// Where a script's author may name a path: its command line, its environment, its preparation.
    fileprivate var texts: [String] {
        arguments + environment.values + (preStart.map { [$0] } ?? [])
    }
}
