import Base

/// A check of the paths that tasks write or remove, for conflicts between tasks of one node.
struct WrittenPaths {
    /// For each role, the roles that a node with the role may have, including the role itself.
    let companions: [String: Set<String>]

    /// Returns whether a node may run both tasks.
    private func isTogether(_ task: PlannedTask, _ other: PlannedTask) -> Bool {
        guard let roles = task.roles, let others = other.roles else { return true }
        return (roles + roles.flatMap { companions[$0] ?? [] }).contains(where: others.contains)
    }

    private typealias Place = (task: PlannedTask, path: LocatedPath)

    /// Reports paths that two tasks of a node write or remove, that a task reads and writes, or that the agent owns.
    func check(_ tasks: [PlannedTask], _ problems: ProblemCollector) {
        var owners: [ExactText: [Place]] = [:]
        var removers: [ExactText: [Place]] = [:]
        for task in tasks {
            let writes = task.footprint.writes.filter { [.replaces, .removes].contains($0.effect) }
            for write in writes {
                let (path, isRemoved, key) = (write.path, write.effect == .removes, located(write.path.path))
                reportOwnState(path, task, isRemoved: isRemoved, problems)
                let other = owners[ExactText(key)]?.first { other in
                    (other.task.name != task.name || !isRemoved) && isTogether(task, other.task)
                }
                if let other {
                    problems.add(
                        path.location,
                        "task '\(task.name)' writes '\(path.path)', which task '\(other.task.name)' writes as well "
                            + "at \(other.path.location)",
                        hint: "write another path, or roles: that differ",
                    )
                }
                owners[ExactText(key), default: []].append((task, path))
                if isRemoved { removers[ExactText(key), default: []].append((task, path)) }
            }
            let replaced = Set(writes.filter { $0.effect == .replaces }.map { located($0.path.path) }.exact)
            for path in task.verb.footprint.requiredReads where replaced.contains(ExactText(located(path.path))) {
                let message = "task '\(task.name)' reads '\(path.path)', the file that it writes"
                problems.add(path.location, message, hint: "name another file")
            }
        }
        if !removers.isEmpty { checkRemovals(tasks, removers, problems) }
    }

    private func reportOwnState(
        _ path: LocatedPath,
        _ task: PlannedTask,
        isRemoved: Bool,
        _ problems: ProblemCollector
    ) {
        guard let own = Sandbox.ownState.first(where: { isPath(normalised(path.path), at: $0) }) else { return }
        problems.add(
            path.location,
            "task '\(task.name)' \(isRemoved ? "removes" : "writes") '\(path.path)', but '\(own)' is nest-bootstrap's own directory",
            hint: isRemoved
                ? "name another path; 'nest-bootstrap reset' removes that directory"
                : "write another path; 'reset' deletes everything in that one"
        )
    }

    /// Reports every path that a task writes below a path that another task of a node removes.
    private func checkRemovals(
        _ tasks: [PlannedTask],
        _ removers: [ExactText: [Place]],
        _ problems: ProblemCollector
    ) {
        for task in tasks {
            for write in task.footprint.writes where write.effect != .removes {
                var directory = parent(of: located(write.path.path))
                while directory != "/" {
                    defer { directory = parent(of: directory) }
                    let others = removers[ExactText(directory)] ?? []
                    let other = others.first { $0.task.name != task.name && isTogether(task, $0.task) }
                    guard let other else { continue }
                    problems.add(
                        write.path.location,
                        "task '\(task.name)' writes '\(write.path.path)', and task '\(other.task.name)' removes "
                            + "'\(directory)' with everything in it at \(other.path.location)",
                        hint: "write another path, or remove less",
                    )
                }
            }
        }
    }
}
