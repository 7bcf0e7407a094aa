import Base
import Kubernetes
import Planning

/// The objects of manifests, checked one by one.
extension NodeCheck {
    /// Checks the objects of all tasks against rules, against the CRDs among them, and against the schema of a server
    /// that was reached before.
    func objectFindings(_ contents: [TaskManifests]) -> Findings {
        let definitions = CustomDefinitions(contents.lazy.flatMap(\.manifests))
        let secretReaders = SecretReaders(contents.lazy.flatMap(\.manifests))
        let store = SchemaStore(run)
        var podReferences = PodReferences()
        var documents: [String: SchemaDocument?] = [:]
        var findings = Findings()
        for (task, manifests) in contents {
            let server = isOffline ? nil : task.footprint.kubeconfig.flatMap { store.server(ofKubeconfig: $0.path) }
            var document: SchemaDocument?
            if let server {
                document = documents[server] ?? store.document(of: server)
                documents[server] = .some(document)
            }
            let check = ObjectCheck(
                version: serverVersion,
                definitions: definitions,
                secretReaders: secretReaders,
                document: document,
            )
            let namespace = task.footprint.kubeconfig.flatMap { knownKubeconfig($0.path)?.namespace } ?? "default"
            for manifest in manifests.lazy.map(\.loaded) {
                podReferences.add(manifest, defaultNamespace: namespace)
                let found = check.findings(in: manifest)
                findings.problems += found.problems
                findings.warnings += found.warnings
                // The server need not be known: its kubeconfig may be one that a task writes or waits for.
                if !check.knowsFields(of: manifest) { findings.uncheckedObjectCount += 1 }
            }
            findings.add(pruningFindings(task, manifests))
            findings.objectCount += manifests.count
        }
        findings.warnings += podReferences.warnings
        let references = run.plan.steps.flatMap { $0.task.footprint.neededObjects + $0.task.footprint.deletedObjects }
        findings.problems += references.flatMap { reference in
            let object = NamedObject(ObjectIdentity(reference), at: reference.location)
            return object.kindProblems(definitions) + object.nameProblems
        }
        return findings
    }

    /// Findings about the objects of a task with `prune`.
    private func pruningFindings(_ task: PlannedTask, _ manifests: [ManifestObject]) -> Findings {
        guard task.footprint.pruning != .never else { return Findings() }
        var findings = Findings(problems: ApplySet.mistakes(in: manifests))
        findings.prunedObjects[task.name] = SharedApplySets.Objects(task, manifests)
        if task.footprint.pruning == .most, !manifests.isEmpty,
            manifests.allSatisfy({ ApplySet.isProtected($0.identity.type) })
        {
            findings.warnings.append(
                Problem(
                    "'prune: true' of task '\(task.name)' deletes nothing: Namespaces, CustomResourceDefinitions and "
                        + "PersistentVolumeClaims are always kept",
                    at: task.location,
                    hint: "remove it, or write 'prune: all' to delete these too, with everything in them"
                )
            )
        }
        return findings
    }
}

/// Objects and requests that would not reach the server that they are meant for.
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
