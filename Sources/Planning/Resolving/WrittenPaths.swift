import Base
import YAML

/// Finds conflicts between the paths that tasks of one node write or remove.
struct WrittenPaths {
    /// The roles that occur together with each role on a node.
    private let companions: [String: Set<String>]

    /// Creates a check.
    ///
    /// - Parameter companions: The roles that occur together with each role on a node, including that role.
    init(_ companions: [String: Set<String>]) {
        self.companions = companions
    }

    /// The directories in which the agent keeps records, caches and lists of products.
    private static let ownDirectories = ["/run/nest-bootstrap", "/var/lib/nest-bootstrap", productsDirectory]

    /// Returns all roles of the nodes that run a task, or `nil` if every role runs the task.
    private func roles(of task: PlannedTask) -> [String]? {
        task.roles.map { roles in
            roles + roles.flatMap { companions[$0] ?? [] }.filter { !roles.contains($0) }.sorted()
        }
    }

    /// The first task that writes a path: among the tasks for each role, the tasks for every role, and all tasks.
    fileprivate struct Writers {
        var ofEveryRole: Int?
        var byRole: [String: Int] = [:]
        var first: Int
    }

    /// Reports every task that writes the same path as an earlier task of the same node.
    func check(_ tasks: [PlannedTask], _ problems: ProblemCollector) {
        var writers: [ExactText: Writers] = [:]
        for (index, task) in tasks.enumerated() {
            for path in task.footprint.ownedPaths {
                let key = normalised(path.path)
                if let own = Self.ownDirectories.first(where: { isPath(key, at: $0) }) {
                    let isRemoved = task.footprint.writes.contains { $0.effect == .removes && $0.path == path }
                    let message =
                        "task '\(task.name)' \(isRemoved ? "removes" : "writes") '\(path.path)', but '\(own)' is nest-bootstrap's own directory"
                    problems.add(
                        path.location,
                        message,
                        hint: isRemoved
                            ? "name another path; 'nest-bootstrap reset' removes that directory"
                            : "write another path; 'reset' deletes everything in that one"
                    )
                }
                var known = writers[ExactText(key)] ?? Writers(first: index)
                if let other = known.conflict(with: roles(of: task)), other != index {
                    report(path, task, tasks[other], problems)
                }
                known.add(index, task.roles)
                writers[ExactText(key)] = known
            }
        }
        checkRemovals(tasks, problems)
    }

    /// Reports every task that writes below a path that another task of the same node removes.
    private func checkRemovals(_ tasks: [PlannedTask], _ problems: ProblemCollector) {
        var removers: [ExactText: Writers] = [:]
        for (index, task) in tasks.enumerated() {
            for path in task.footprint.writes where path.effect == .removes {
                removers[ExactText(normalised(path.path.path)), default: Writers(first: index)].add(index, task.roles)
            }
        }
        guard !removers.isEmpty else { return }
        for (index, task) in tasks.enumerated() {
            for write in task.footprint.writes where write.effect != .removes {
                var directory = parent(of: normalised(write.path.path))
                while directory != "/", !directory.isEmpty {
                    defer { directory = parent(of: directory) }
                    guard let other = removers[ExactText(directory)]?.conflict(with: roles(of: task)), other != index
                    else {
                        continue
                    }
                    let path = write.path
                    problems.add(
                        path.location,
                        "task '\(task.name)' writes '\(path.path)', and task '\(tasks[other].name)' removes "
                            + "'\(directory)' with everything in it at \(removal(of: directory, by: tasks[other]))",
                        hint: "write another path, or remove less",
                    )
                }
            }
        }
    }

    private func removal(of path: String, by task: PlannedTask) -> SourceLocation {
        let write = task.footprint.writes.first {
            $0.effect == .removes && normalised($0.path.path).hasSameBytes(as: path)
        }
        return write?.path.location ?? task.location
    }

    private func report(
        _ path: LocatedPath,
        _ task: PlannedTask,
        _ other: PlannedTask,
        _ problems: ProblemCollector,
    ) {
        let twin = other.footprint.ownedPaths.first { normalised($0.path).hasSameBytes(as: normalised(path.path)) }
        let location = twin?.location ?? other.location
        problems.add(
            path.location,
            "task '\(task.name)' writes '\(path.path)', which task '\(other.name)' writes as well at \(location)",
            hint: "write another path, or roles: that differ",
        )
    }
}

extension WrittenPaths.Writers {
    /// Returns an earlier task that runs on a node with one of the given roles, where `nil` means every role.
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
