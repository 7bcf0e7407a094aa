import Base
import Planning

/// Paths that the tasks of a plan write.
extension NodeCheck {
    /// Reports paths that tasks write below a path that another task writes as a file.
    func pathsBelowFiles() -> [Problem] {
        let writes = run.plan.steps.flatMap { step in step.task.footprint.writes.map { (step.task.name, $0) } }
        let files = writes.filter { if case .file = $0.1.product { true } else { false } }
        var owners: [ExactText: String] = [:]
        for (task, write) in files { owners[ExactText(write.path.path)] = task }
        return writes.compactMap { task, write in
            var parent = write.path.path[...]
            while let slash = parent.lastSlash, slash > parent.startIndex {
                parent = parent[..<slash]
                guard let owner = owners[ExactText(String(parent))] else { continue }
                return Problem(
                    "'\(write.path.path)' of task '\(task)' cannot exist, because '\(parent)' is a file that task "
                        + "'\(owner)' writes",
                    at: write.path.location,
                    hint: "write another path",
                )
            }
            return nil
        }
    }
}

extension NodeCheck {
    /// Checks that an archive, which no task makes, can be read.
    func checkArchive(_ path: LocatedPath) -> [Problem] {
        guard producers.producer(of: path.path) == nil else { return [] }
        do {
            try run.files.requireReadable(path.path)
            return []
        } catch {
            return [Problem("\(error)", at: path.location, hint: error.advice)]
        }
    }
}
