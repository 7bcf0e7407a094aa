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
            let found = await load(manifests)
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
        var access = RequiredAccess(contents.flatMap(\.manifests))
        for (task, manifests) in contents where task.footprint.awaitsRollout {
            for manifest in manifests where manifest.identity.type.group == "apps" {
                access.awaitRollout(manifest.identity)
            }
        }
        for footprint in run.plan.steps.lazy.map(\.task.footprint) {
            for object in footprint.deletedObjects { access.delete(ObjectIdentity(object)) }
            for object in footprint.neededObjects { access.observe(ObjectIdentity(object)) }
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
}
