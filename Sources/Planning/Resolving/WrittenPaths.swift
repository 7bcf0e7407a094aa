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

    /// Returns whether a node may run both tasks.
    private func isTogether(_ task: PlannedTask, _ other: PlannedTask) -> Bool {
        guard let roles = task.roles, let others = other.roles else { return true }
        return (roles + roles.flatMap { companions[$0] ?? [] }).contains(where: others.contains)
    }

    /// Reports every task that writes the same path as an earlier task of the same node.
    func check(_ tasks: [PlannedTask], _ problems: ProblemCollector) {
        var writers: [ExactText: [Int]] = [:]
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
                if let other = earlier.first(where: { $0 != index && isTogether(task, tasks[$0]) }) {
                    report(path, task, tasks[other], problems)
                }
                writers[ExactText(key), default: []].append(index)
            }
        }
        checkRemovals(tasks, problems)
    }

    /// Reports every task that writes below a path that another task of the same node removes.
    private func checkRemovals(_ tasks: [PlannedTask], _ problems: ProblemCollector) {
        var removers: [ExactText: [Int]] = [:]
        for (index, task) in tasks.enumerated() {
            for path in task.footprint.writes where path.effect == .removes {
                removers[ExactText(normalised(path.path.path)), default: []].append(index)
            }
        }
        guard !removers.isEmpty else { return }
        for (index, task) in tasks.enumerated() {
            for write in task.footprint.writes where write.effect != .removes {
                var directory = parent(of: normalised(write.path.path))
                while directory != "/", !directory.isEmpty {
                    defer { directory = parent(of: directory) }
                    let others = removers[ExactText(directory)] ?? []
                    guard let other = others.first(where: { $0 != index && isTogether(task, tasks[$0]) }) else {
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
