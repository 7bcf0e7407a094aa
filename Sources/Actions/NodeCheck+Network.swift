import Base
import Kubernetes
import Planning

/// What will not reach the server that it is meant for.
extension NodeCheck {
    /// The warnings about a task.
    ///
    /// - Parameters:
    ///   - task: The task.
    ///   - kubeconfigs: The paths of the kubeconfigs that were looked at for other tasks; those of this one are added.
    /// - Returns: The warnings.
    func networkWarnings(_ task: PlannedTask, notIn kubeconfigs: inout Set<String>) -> [Problem] {
        programsWithoutNetwork(task) + serversWithoutTLS(task, notIn: &kubeconfigs) + urlWithoutTLS(task)
    }

    /// Programs that need the network, with their commands that do not.
    private static let clients: [String: Set<String>] = [
        "helm": ["completion", "create", "env", "help", "lint", "package", "plugin", "template", "verify", "version"],
        "kubectl": ["completion", "config", "help", "kustomize", "options", "plugin", "version"],
    ]

    /// The flags of these programs that no value follows; all others before the command have one.
    private static let switches: Set = [
        "--debug", "--disable-compression", "--help", "--insecure-skip-tls-verify", "--kube-insecure-skip-tls-verify",
        "--match-server-version", "--warnings-as-errors", "-h",
    ]

    /// The command in the arguments of these programs: the first word that is neither a flag nor the value of one.
    private static func command(in arguments: [String]) -> String? {
        var rest = arguments[...]
        while let word = rest.popFirst() {
            guard word.hasPrefix("-") else { return word }
            // The value is in the same word in `--v=5` and `-nkube-system`.
            let hasValue = word.hasPrefix("--") ? word.contains("=") : word.count > 2
            if !hasValue, !switches.contains(word) { _ = rest.popFirst() }
        }
        return nil
    }

    /// A program that needs the network, although the unit of its task has none.
    private func programsWithoutNetwork(_ task: PlannedTask) -> [Problem] {
        let footprint = task.footprint
        guard footprint.runsPrograms, footprint.connections.isEmpty, let command = footprint.command,
            let name = command.name.path.pathParts.last.map(String.init),
            let localCommands = Self.clients[name], let clientCommand = Self.command(in: task.programArguments),
            !localCommands.contains(clientCommand)
        else { return [] }
        return [
            Problem(
                "'\(name)' needs the network, and the unit of task '\(task.name)' has none",
                at: command.name.location,
                hint: "add 'network: true' to 'exec' of the task"
            )
        ]
    }

    /// Kubeconfigs with certificates whose server is asked without TLS, which does not use them.
    private func serversWithoutTLS(_ task: PlannedTask, notIn others: inout Set<String>) -> [Problem] {
        let references = [task.footprint.writtenKubeconfig, task.footprint.kubeconfig].compactMap(\.self)
        var problems: [Problem] = []
        for path in references.map(\.path) {
            let writer = producers.producer(of: path)
            guard writer == nil || writer == task.name, others.insert(path).inserted,
                let kubeconfig = knownKubeconfig(path), kubeconfig.server.lowercased().hasPrefix("http://"),
                kubeconfig.certificateAuthority != nil || kubeconfig.clientCertificate != nil
            else { continue }
            problems.append(
                Problem(
                    "kubeconfig '\(path)' has server '\(kubeconfig.server)', and certificates, which only TLS uses",
                    at: writer == nil ? SourceLocation(file: path) : task.location,
                    hint: "write https://\(kubeconfig.address) if the server expects TLS"
                )
            )
        }
        return problems
    }

    /// A CA for a URL that is asked without TLS, which does not use it.
    private func urlWithoutTLS(_ task: PlannedTask) -> [Problem] {
        guard let wait = task.verb.declaration as? WaitDeclaration,
            case .url(let url, let authority?) = wait.condition, url.lowercased().hasPrefix("http://")
        else { return [] }
        return [
            Problem(
                "'url' of task '\(task.name)' begins with http://, and 'certificateAuthority' is for TLS only",
                at: authority.location,
                hint: "write https:// if the server expects TLS, or remove 'certificateAuthority'"
            )
        ]
    }
}

extension PlannedTask {
    /// The arguments of its program, if it has one.
    var programArguments: [String] { (verb.declaration as? ExecDeclaration)?.arguments ?? [] }
}
