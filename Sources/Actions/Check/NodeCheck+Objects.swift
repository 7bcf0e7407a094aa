import Base
import Kubernetes
import Planning

/// Checks of the individual objects in manifests.
extension NodeCheck {
    /// Checks the objects of all tasks.
    ///
    /// Objects are checked against rules, the CRDs among the objects, and the schema of their server if an earlier run
    /// saved it.
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
                // If a task writes or waits for the kubeconfig, the server may be unknown. The object then counts as
                // unchecked.
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

    /// The warnings about a version of the API server that is not supported.
    var versionWarnings: [Problem] {
        if let serverVersion, serverVersion > .newest {
            let message =
                "Kubernetes \(serverVersion) is newer than \(KubernetesVersion.newest), the last version whose APIs are known"
            let hint = "read its changelog, or check against the server itself: 'nest-bootstrap diff'"
            return [Problem(.laterAPI, message, hint: hint)]
        }
        if let serverVersion, serverVersion < .oldest {
            let message =
                "Kubernetes \(serverVersion) is older than \(KubernetesVersion.oldest), the first version that is supported"
            return [Problem(.laterAPI, message, hint: "upgrade the API server")]
        }
        return []
    }

    /// Returns the findings about the objects of a task with `prune`.
    private func pruningFindings(_ task: PlannedTask, _ manifests: [ManifestObject]) -> Findings {
        guard task.footprint.pruning != .never else { return Findings() }
        let set = ApplySet(name: task.setName, task: task.name)
        var findings = Findings(problems: set.mistakes(in: manifests))
        if task.footprint.pruning == .most, !manifests.isEmpty,
            manifests.allSatisfy({ ApplySet.isProtected($0.identity.type) })
        {
            findings.warnings.append(
                Problem(
                    .setNotPruned,
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

/// Checks for objects and requests that would not reach their server.
extension NodeCheck {
    /// Returns the network warnings about a task.
    ///
    /// - Parameters:
    ///   - task: The task.
    ///   - kubeconfigs: The paths of the kubeconfigs already checked for other tasks. The paths of this task's
    ///     kubeconfigs are added.
    /// - Returns: The warnings.
    func networkWarnings(_ task: PlannedTask, notIn kubeconfigs: inout Set<String>) -> [Problem] {
        programsWithoutNetwork(task) + needWarnings(task) + serversWithoutTLS(task, notIn: &kubeconfigs)
            + urlWithoutTLS(task)
    }

    /// Programs that need the network, each with the subcommands that work without the network.
    private static let clients: [String: Set<String>] = [
        "helm": ["completion", "create", "env", "help", "lint", "package", "plugin", "template", "verify", "version"],
        "kubectl": ["completion", "config", "help", "kustomize", "options", "plugin", "version"],
    ]

    /// The flags of these programs that take no value; all other flags before the subcommand take a value.
    private static let switches: Set = [
        "--debug", "--disable-compression", "--help", "--insecure-skip-tls-verify", "--kube-insecure-skip-tls-verify",
        "--match-server-version", "--warnings-as-errors", "-h",
    ]

    /// Returns the subcommand in the arguments of a program: the first word that is neither a flag nor a flag's value.
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

    /// Reports a program that needs the network if the unit of its task has no network.
    private func programsWithoutNetwork(_ task: PlannedTask) -> [Problem] {
        guard let declaration = task.verb.declaration as? ExecDeclaration, declaration.hasSandbox,
            task.footprint.connections.isEmpty
        else { return [] }
        let name = declaration.commandLines(script: scriptText(declaration)).lazy.compactMap { words -> String? in
            guard let name = words[0].pathParts.last.map(String.init), let localCommands = Self.clients[name],
                let command = Self.command(in: Array(words.dropFirst())), !localCommands.contains(command)
            else { return nil }
            return name
        }
        .first
        guard let name else { return [] }
        return [
            Problem(
                .programWithoutNetwork,
                "'\(name)' needs the network, and the unit of task '\(task.name)' has none",
                at: task.footprint.command?.name.location ?? task.subjectLocation,
                hint: "add 'network: true' to 'exec' of the task"
            )
        ]
    }

    /// Reports kubeconfigs whose certificates are ignored because the server URL begins with `http://`.
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
                    .insecureConnection,
                    "kubeconfig '\(path)' has server '\(kubeconfig.server)', and certificates, which only TLS uses",
                    at: writer == nil ? SourceLocation(file: path) : task.location,
                    hint: "write https://\(kubeconfig.address) if the server expects TLS"
                )
            )
        }
        return problems
    }

    /// Reports a CA that is ignored because the URL begins with `http://`.
    private func urlWithoutTLS(_ task: PlannedTask) -> [Problem] {
        task.footprint.connections.compactMap { connection in
            guard case .url(let url, let authority?) = connection, url.lowercased().hasPrefix("http://")
            else { return nil }
            return Problem(
                .insecureConnection,
                "'url' of task '\(task.name)' begins with http://, and 'certificateAuthority' is for TLS only",
                at: authority.location,
                hint: "write https:// if the server expects TLS, or remove 'certificateAuthority'"
            )
        }
    }
}
