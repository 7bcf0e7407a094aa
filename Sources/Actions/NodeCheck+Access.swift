import Base
public import Kubernetes
import Planning

/// What the agent's user must be allowed at the API server.
extension NodeCheck {
    /// Computes the smallest permissions with which the tasks of the plan succeed.
    ///
    /// - Returns: The permissions, with problems of manifests that could not be read and warnings of what is not certain.
    public func requiredAccess() async -> (access: RequiredAccess, findings: Findings) {
        var contents: [TaskManifests] = []
        var findings = Findings()
        for task in run.plan.steps.lazy.map(\.task) {
            guard let manifests = task.footprint.manifests else { continue }
            let found = await load(manifests, of: task)
            findings.problems += found.problems
            if !found.isComplete {
                findings.warnings.append(
                    Problem(
                        "the roles lack objects of task '\(task.name)': a manifest is written by another task or not cached",
                        at: task.location,
                        hint: "run the tasks once, then repeat this"
                    )
                )
            }
            contents.append((task, found.manifests))
        }
        var access = RequiredAccess(definitionsOf: contents.flatMap(\.manifests))
        for (task, manifests) in contents {
            let namespace = namespace(of: task, &findings)
            for manifest in manifests {
                access.apply(manifest, namespace: namespace)
                if task.footprint.awaitsRollout, manifest.identity.type.group == "apps" {
                    access.awaitRollout(manifest.identity, namespace: namespace)
                }
            }
        }
        for (task, manifests) in contents where task.footprint.pruning != .never {
            access.prune(
                manifests,
                of: ApplySet(task: task.name),
                includesProtected: task.footprint.pruning == .all,
                namespace: namespace(of: task, &findings),
            )
        }
        for task in run.plan.steps.lazy.map(\.task) where task.footprint.kubeconfig != nil {
            if task.lock != nil {
                access.hold(lease: ClusterLock.leaseName(ofTask: task.name), namespace: ClusterLock.namespace)
            }
            if task.footprint.requestsCertificate { access.requestCertificates() }
            let (deleted, needed) = (task.footprint.deletedObjects, task.footprint.neededObjects)
            guard !deleted.isEmpty || !needed.isEmpty else { continue }
            let namespace = namespace(of: task, &findings)
            for object in deleted { access.delete(ObjectIdentity(object), namespace: namespace) }
            for object in needed { access.observe(ObjectIdentity(object), namespace: namespace) }
        }
        for type in access.guesses {
            findings.warnings.append(
                Problem(
                    "the resource of kind '\(type)' is a guess, because no manifest defines it",
                    hint: "compare it with 'kubectl api-resources --api-group=\(type.group)'"
                )
            )
        }
        return (access, findings)
    }

    /// The namespace of the kubeconfig of a task; `default`, with a warning, if the kubeconfig is not known yet.
    private func namespace(of task: PlannedTask, _ findings: inout Findings) -> String {
        guard let reference = task.footprint.kubeconfig else { return "default" }
        if let kubeconfig = knownKubeconfig(reference.path) { return kubeconfig.namespace }
        let warning = Problem(
            "'\(reference.path)' is not there yet; the roles assume that its namespace is 'default'",
            at: reference.location,
            hint: "repeat this when it is there"
        )
        if !findings.warnings.contains(warning) { findings.warnings.append(warning) }
        return "default"
    }
}
