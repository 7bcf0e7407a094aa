import Base
import Kubernetes
import Planning

/// What will not reach the server that it is meant for.
extension NodeCheck {
    /// The warnings about a task.
    func networkWarnings(_ task: PlannedTask) -> [Problem] { programsWithoutNetwork(task) + serversWithoutTLS(task) }

    /// The programs that talk to an API server, with their commands that do not.
    private static let clients: [String: Set<String>] = [
        "helm": ["completion", "create", "env", "help", "lint", "package", "template", "version"],
        "kubectl": ["completion", "config", "help", "kustomize", "options", "plugin", "version"],
    ]

    /// A program that talks to an API server, although the unit of its task has no network.
    private func programsWithoutNetwork(_ task: PlannedTask) -> [Problem] {
        let footprint = task.footprint
        guard footprint.runsPrograms, footprint.connections.isEmpty, let command = footprint.command,
            let name = command.name.path.split(separator: "/").last.map(String.init),
            let localCommands = Self.clients[name], !footprint.texts.contains(where: localCommands.contains)
        else { return [] }
        return [
            Problem(
                "'\(name)' talks to an API server, and the unit of task '\(task.name)' has no network",
                at: command.name.location,
                hint: "add 'network: true' to 'exec' of the task"
            )
        ]
    }

    /// Kubeconfigs with certificates whose server is asked without TLS, which does not use them.
    private func serversWithoutTLS(_ task: PlannedTask) -> [Problem] {
        let references = [task.footprint.writtenKubeconfig, task.footprint.kubeconfig].compactMap(\.self)
        return references.compactMap { reference in
            let path = reference.path
            let writer = producers.producer(of: path)
            guard writer == nil || writer == task.name, let kubeconfig = knownKubeconfig(path),
                kubeconfig.server.lowercased().hasPrefix("http://"),
                kubeconfig.certificateAuthority != nil || kubeconfig.clientCertificate != nil
            else { return nil }
            return Problem(
                "kubeconfig '\(path)' has server '\(kubeconfig.server)', and certificates, which only TLS uses",
                at: writer == nil ? SourceLocation(file: path) : task.location,
                hint: "write https://\(kubeconfig.address) if the server expects TLS"
            )
        }
    }
}
