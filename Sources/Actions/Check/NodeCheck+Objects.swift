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
        return Findings(problems: set.mistakes(in: manifests))
    }
}
