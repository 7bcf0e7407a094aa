import Base
import Kubernetes
import Planning

extension NodeCheck {
    /// The first description of an object on an API server, whose URL may be unknown.
    private struct Owner {
        var task: String
        var server: String?
        var location: SourceLocation
    }

    /// Returns findings about objects that are described more than once, or both described and deleted.
    ///
    /// Identical descriptions in one task cause only a warning.
    func repetitions(in contents: [TaskManifests]) -> Findings {
        var owners: [ObjectIdentity.Key: [Owner]] = [:]
        var findings = Findings()
        func kubeconfig(of task: PlannedTask) -> Kubeconfig? {
            task.footprint.kubeconfig.flatMap { run.knownKubeconfig($0.path) }
        }
        func check(
            _ identity: ObjectIdentity,
            _ task: PlannedTask,
            _ verb: String,
            _ kubeconfig: Kubeconfig?,
            at location: SourceLocation
        ) {
            let key = identity.key(defaultNamespace: kubeconfig?.namespace ?? "default")
            let owner = owners[key]?.first { owner in
                guard let server = owner.server, let own = kubeconfig?.server else { return true }
                return server == own
            }
            if let owner {
                findings.problems.append(
                    Problem(
                        "task '\(task.name)' \(verb) \(identity), which task '\(owner.task)' applies too "
                            + "(\(owner.location)): each would undo the other",
                        at: location,
                        hint: "remove it from one of them",
                    )
                )
            } else if verb == "applies" {
                owners[key, default: []].append(
                    Owner(task: task.name, server: kubeconfig?.server, location: location)
                )
            }
        }
        for (task, manifests) in contents {
            let kubeconfig = kubeconfig(of: task)
            let found = DistinctObjects(of: manifests, defaultNamespace: kubeconfig?.namespace ?? "default")
            for (position, object) in found.objects.enumerated() {
                if let set = found.repetitions[position] {
                    let problems = DistinctObjects.problems(of: set)
                    if DistinctObjects.areEqual(set) {
                        findings.warnings += problems
                    } else {
                        findings.problems += problems
                    }
                }
                check(object.identity, task, "applies", kubeconfig, at: object.location)
            }
        }
        for task in run.plan.steps.lazy.map(\.task) where !task.footprint.deletedObjects.isEmpty {
            let kubeconfig = kubeconfig(of: task)
            for object in task.footprint.deletedObjects {
                check(ObjectIdentity(object), task, "deletes", kubeconfig, at: object.location)
            }
        }
        return findings
    }
}

extension ObjectIdentity {
    /// Creates the identity of an object that a task file names.
    init(_ reference: ObjectReference) {
        self.init(
            type: GroupVersionKind(apiVersion: reference.apiVersion, kind: reference.kind),
            namespace: reference.namespace,
            name: reference.name,
        )
    }
}
