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

    /// What is wrong with the objects of a task with `prune`, or is of no use.
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
