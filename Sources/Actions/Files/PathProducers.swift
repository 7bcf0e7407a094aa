import Base
import Kubernetes
import Planning

/// The tasks of a plan, by the paths that they create on the node.
struct PathProducers {
    private var tasks: [ExactText: String] = [:]
    private var directoryTasks: [ExactText: String] = [:]
    private var linkTasks: [ExactText: String] = [:]
    /// The first task that writes a manifest directly in a directory, by the directory.
    private var manifestTasks: [ExactText: String] = [:]

    init(_ plan: Plan) {
        for step in plan.steps {
            for write in step.task.footprint.writes {
                if case .link = write.product { linkTasks[ExactText(write.path.path)] = step.task.name }
                guard write.product?.isDirectory == true else { continue }
                directoryTasks[ExactText(write.path.path)] = step.task.name
            }
            for path in step.task.footprint.producedPaths where directoryTasks[ExactText(path)] == nil {
                let key = ExactText(path)
                tasks[key] = tasks[key] ?? step.task.name
                guard let slash = path.lastSlash,
                    isManifestName(String(path[path.index(after: slash)...]))
                else { continue }
                let directory = ExactText(String(path[..<slash]))
                manifestTasks[directory] = manifestTasks[directory] ?? step.task.name
            }
        }
    }

    /// Returns the task that creates a path or, unless it has verb `directory`, a path above it.
    func producer(of path: String) -> String? {
        if let task = directoryTasks[ExactText(path.withoutSlashesAtEnd)] { return task }
        var path = path[...]
        while !path.isEmpty {
            if let task = tasks[ExactText(String(path))] { return task }
            path = path[..<(path.lastSlash ?? path.startIndex)]
        }
        return nil
    }

    /// Returns the nearest directory or link that a task creates above a path.
    func directory(above path: String) -> (path: String, task: String)? {
        var path = path[...]
        while let slash = path.lastSlash, slash != path.startIndex {
            path = path[..<slash]
            let key = ExactText(String(path))
            if let task = directoryTasks[key] ?? linkTasks[key] { return (String(path), task) }
        }
        return nil
    }

    /// Returns the first task that writes a manifest directly in a directory.
    func producer(ofManifestIn directory: String) -> String? {
        manifestTasks[ExactText(directory.withoutSlashesAtEnd)]
    }
}
