import Base

/// Finds conflicts between the paths that tasks of one node write or remove.
struct WrittenPaths {
    /// The roles that occur together with each role on a node, including that role.
    let companions: [String: Set<String>]

    /// Returns whether a node may run both tasks.
    private func isTogether(_ task: PlannedTask, _ other: PlannedTask) -> Bool {
        guard let roles = task.roles, let others = other.roles else { return true }
        return (roles + roles.flatMap { companions[$0] ?? [] }).contains(where: others.contains)
    }

    /// Reports every task that writes the same path as an earlier task of the same node.
    func check(_ tasks: [PlannedTask], _ problems: ProblemCollector) {
        var writers: [ExactText: [(task: Int, location: SourceLocation)]] = [:]
        for (index, task) in tasks.enumerated() {
            for path in task.footprint.ownedPaths {
                let key = normalised(path.path)
                if let own = Sandbox.ownState.first(where: { isPath(key, at: $0) }) {
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
                let earlier = writers[ExactText(key)] ?? []
                if let other = earlier.first(where: { $0.task != index && isTogether(task, tasks[$0.task]) }) {
                    problems.add(
                        path.location,
                        "task '\(task.name)' writes '\(path.path)', which task '\(tasks[other.task].name)' writes as well "
                            + "at \(other.location)",
                        hint: "write another path, or roles: that differ",
                    )
                }
                writers[ExactText(key), default: []].append((index, path.location))
            }
        }
        checkRemovals(tasks, problems)
    }

    /// Reports every task that writes below a path that another task of the same node removes.
    private func checkRemovals(_ tasks: [PlannedTask], _ problems: ProblemCollector) {
        var removers: [ExactText: [(task: Int, location: SourceLocation)]] = [:]
        for (index, task) in tasks.enumerated() {
            for path in task.footprint.writes where path.effect == .removes {
                removers[ExactText(normalised(path.path.path)), default: []].append((index, path.path.location))
            }
        }
        guard !removers.isEmpty else { return }
        for (index, task) in tasks.enumerated() {
            for write in task.footprint.writes where write.effect != .removes {
                var directory = parent(of: normalised(write.path.path))
                while directory != "/", !directory.isEmpty {
                    defer { directory = parent(of: directory) }
                    let others = removers[ExactText(directory)] ?? []
                    let other = others.first { $0.task != index && isTogether(task, tasks[$0.task]) }
                    guard let other else { continue }
                    let path = write.path
                    problems.add(
                        path.location,
                        "task '\(task.name)' writes '\(path.path)', and task '\(tasks[other.task].name)' removes "
                            + "'\(directory)' with everything in it at \(other.location)",
                        hint: "write another path, or remove less",
                    )
                }
            }
        }
    }
}
