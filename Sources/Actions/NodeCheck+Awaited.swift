import Planning

/// Files that a task waits for, so that they need not be there when another task begins.
extension NodeCheck {
    /// Whether a path is not there yet, and the task runs after one that waits for it.
    func isAwaited(_ path: String, before task: PlannedTask) -> Bool {
        guard let others = awaitingTasks[path], (try? run.files.exists(path)) == false else { return false }
        return others.contains { ancestors.task(task.name, runsAfter: $0) }
    }

    /// The tasks of a plan that wait for files, by path.
    static func awaitingTasks(of plan: Plan) -> [String: [String]] {
        var tasks: [String: [String]] = [:]
        for task in plan.steps.lazy.map(\.task) {
            for read in task.footprint.reads where read.use == .awaited {
                tasks[read.path.path, default: []].append(task.name)
            }
        }
        return tasks
    }
}
