import YAML

/// Finds paths that two tasks of one node write.
struct WrittenPaths {
    /// Who writes a path: the first task of every role, and the first that every role runs.
    fileprivate struct Writers {
        var ofEveryRole: Int?
        var byRole: [String: Int] = [:]
        var first: Int
    }

    /// Tells every task that writes what an earlier one of the same node writes.
    static func check(_ tasks: [ReadTask], _ problems: Problems) {
        var writers: [String: Writers] = [:]
        for (index, task) in tasks.enumerated() {
            guard let path = task.verb?.writtenPath else { continue }
            let key = normalised(path.path)
            var known = writers[key] ?? Writers(first: index)
            if let other = known.conflict(with: task.header.roles), let twin = tasks[other].verb?.writtenPath {
                let name = tasks[other].header.name
                problems.add(
                    path.place,
                    "task '\(task.header.name)' writes '\(path.path)', which task '\(name)' writes as well at \(twin.place)",
                    hint: "write another path, or roles: that differ",
                )
            }
            known.add(index, task.header.roles)
            writers[key] = known
        }
    }
}

extension WrittenPaths.Writers {
    /// The earlier task that runs on a node of one of some roles, `nil` being every role.
    func conflict(with roles: [String]?) -> Int? {
        if ofEveryRole == nil && byRole.isEmpty { return nil }
        guard let roles else { return first }
        return ofEveryRole ?? roles.lazy.compactMap { byRole[$0] }.first
    }

    /// Adds a task.
    mutating func add(_ index: Int, _ roles: [String]?) {
        guard let roles else {
            ofEveryRole = ofEveryRole ?? index
            return
        }
        for role in roles where byRole[role] == nil { byRole[role] = index }
    }
}

extension Verb {
    /// The path of the node that the verb writes.
    public var writtenPath: PathReference? {
        switch self {
        case .kubeconfig(let declaration): declaration.path
        case .symlink(let declaration): declaration.path
        case .file(let declaration): declaration.path
        case .apply, .exec, .wait: nil
        }
    }

    /// The kubeconfig with which the verb talks to the API server.
    public var usedKubeconfig: PathReference? {
        switch self {
        case .apply(let declaration): return declaration.kubeconfig
        case .wait(let declaration):
            switch declaration.condition {
            case .apiServer(let kubeconfig), .object(_, let kubeconfig): return kubeconfig
            case .tcp, .file, .url, .unit: return nil
            }
        case .kubeconfig, .symlink, .file, .exec: return nil
        }
    }
}
