import Base
import Kubernetes
import Planning
import YAML

/// Which task of a plan writes which path of the node.
struct PathProducers {
    private var tasks: [ExactText: String] = [:]
    /// The tasks that write a manifest, by its directory.
    private var manifestTasks: [ExactText: String] = [:]

    /// Collects the paths that the tasks of a plan produce.
    init(_ plan: Plan) {
        for step in plan.steps {
            for path in step.task.footprint.producedPaths {
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

    /// The task that writes a path, or a link on the way to it.
    func producer(of path: String) -> String? {
        var path = path[...]
        while !path.isEmpty {
            if let task = tasks[ExactText(String(path))] { return task }
            path = path[..<(path.lastSlash ?? path.startIndex)]
        }
        return nil
    }

    /// The task that writes a manifest into a directory.
    func producer(ofManifestIn directory: String) -> String? {
        manifestTasks[ExactText(directory.withoutSlashesAtEnd)]
    }
}

/// Kubeconfigs before they are used.
extension RunEnvironment {
    /// A kubeconfig as a task of the plan is going to write it, or else as it is on the node.
    ///
    /// - Parameter path: Its path.
    /// - Returns: The kubeconfig, `nil` if neither is known.
    func knownKubeconfig(_ path: String) -> Kubeconfig? {
        if let task = producers.producer(of: path), let written = writtenKubeconfig(path, by: task) {
            return written
        }
        return (try? files.read(path, limit: SizeLimit.configuration)).flatMap { try? Kubeconfig($0, path: path) }
    }

    /// The kubeconfig that a task is going to write, `nil` if its verb does not say what it is.
    func writtenKubeconfig(_ path: String, by task: String) -> Kubeconfig? {
        let verb = plan.position(of: task).map { plan.steps[$0].task.verb }
        switch verb?.declaration {
        case let declaration as KubeconfigDeclaration where declaration.path.path.hasSameBytes(as: path):
            return try? Kubeconfig(Array(declaration.template(declaration.credentialPaths).text.utf8), path: path)
        case let declaration as FileDeclaration where declaration.path.path.hasSameBytes(as: path):
            guard case .content(let text) = declaration.source else { return nil }
            return try? Kubeconfig(Array(text.utf8), path: path)
        default:
            return nil
        }
    }
}
