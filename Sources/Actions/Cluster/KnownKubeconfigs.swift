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

extension ActionContext {
    /// Kubeconfigs of administrators, as installers of Kubernetes write them.
    private static let administrators = [
        "/etc/kubernetes/admin.conf", "/etc/rancher/k3s/k3s.yaml", "/etc/rancher/rke2/rke2.yaml",
    ]

    /// The kubeconfig that a program of the task should use, `nil` if none is known.
    ///
    /// It is one that a task before this one uses, or the only one that tasks before this one write, or that of an installer.
    var usualKubeconfig: String? {
        let earlier = run.plan.allDependencies(of: task.name)
        let footprints = run.plan.steps.filter { earlier.contains($0.task.name) }.map(\.task.footprint)
        let written = footprints.compactMap(\.writtenKubeconfig?.path)
        let used = run.plan.steps.compactMap(\.task.footprint.kubeconfig?.path)
        return footprints.compactMap(\.kubeconfig?.path).last
            ?? used.first { path in written.contains { $0.hasSameBytes(as: path) } }
            ?? (written.count == 1 ? written.first : nil)
            ?? Self.administrators.first { (try? run.files.exists($0)) == true }
    }
}
