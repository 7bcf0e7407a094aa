import Base
import Kubernetes
import Planning

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
