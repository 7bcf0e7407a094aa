import Base

/// Finds sets of objects that more than one task has.
enum ObjectSets {
    /// Reports every task with the set of an earlier task.
    ///
    /// Two tasks with one set would delete the objects of each other. Tasks of different roles have one cluster too.
    static func check(_ tasks: [PlannedTask], _ problems: ProblemCollector) {
        var owners: [String: String] = [:]
        for task in tasks {
            guard let set = task.setName else { continue }
            if let other = owners[set] {
                let message = "task '\(task.name)' has the set '\(set)' of task '\(other)'"
                problems.add(
                    task.location,
                    message,
                    hint: "give one of them another name with prune: {set: NAME}"
                )
            } else {
                owners[set] = task.name
            }
        }
        for task in tasks {
            guard let set = task.footprint.removedSet, let owner = owners[set] else { continue }
            let message = "task '\(task.name)' removes the set '\(set)', which task '\(owner)' applies"
            problems.add(task.location, message, hint: "remove one of the two tasks")
        }
    }
}
