import Base
import Kubernetes
import Planning

/// Kubeconfigs that exist on the node, or whose content the plan determines.
extension RunEnvironment {
    /// Returns the kubeconfig that a task of the plan will write, or else the kubeconfig on the node.
    ///
    /// - Parameter path: The path of the kubeconfig.
    /// - Returns: The kubeconfig, `nil` if neither is known.
    func knownKubeconfig(_ path: String) -> Kubeconfig? {
        if let task = producers.producer(of: path), let written = writtenKubeconfig(path, by: task) {
            return written
        }
        return (try? files.read(path, limit: SizeLimit.configuration)).flatMap { try? Kubeconfig($0, path: path) }
    }

    /// Returns the kubeconfig that a task will write, or `nil` if the plan does not determine the content of the file.
    private func writtenKubeconfig(_ path: String, by task: String) -> Kubeconfig? {
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
