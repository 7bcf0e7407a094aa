import Base
import Kubernetes
import Planning

/// A check for objects that tasks describe more than once, because each description would undo the others.
struct RepeatedObjects {
    let plan: Plan
    let contents: [TaskManifests]
    /// The kubeconfigs that already exist or that tasks describe, by path.
    let kubeconfigs: [String: Kubeconfig]

    /// The task that describes an object first, with its server and the location of the description.
    private struct Owner {
        var task: String
        var server: String?
        var location: SourceLocation
    }

    /// Reports each description of an object after the first; an identical description is only a warning.
    func findings() -> NodeCheck.Findings {
        var owners: [ObjectIdentity.Key: [Owner]] = [:]
        var findings = NodeCheck.Findings()
        func check(_ identity: ObjectIdentity, _ task: PlannedTask, _ verb: String, at location: SourceLocation) {
            let kubeconfig = kubeconfig(of: task)
            let key = identity.key(defaultNamespace: kubeconfig?.namespace ?? "default")
            let owner = owners[key]?.first { owner in
                guard let server = owner.server, let own = kubeconfig?.server else { return true }
                return server == own
            }
            if let owner {
                findings.problems.append(
                    Self.problem(task.name, verb, identity, owner.task, owner.location, at: location)
                )
            } else if verb == "applies" {
                owners[key, default: []].append(
                    Owner(task: task.name, server: kubeconfig?.server, location: location)
                )
            }
        }
        for (task, manifests) in contents {
            let namespace = kubeconfig(of: task)?.namespace ?? "default"
            let found = DistinctObjects(of: manifests, defaultNamespace: namespace)
            for (position, object) in found.objects.enumerated() {
                if let set = found.repetitions[position] {
                    if DistinctObjects.areEqual(set) {
                        findings.warnings += DistinctObjects.problems(of: set)
                    } else {
                        findings.problems += DistinctObjects.problems(of: set)
                    }
                }
                check(object.identity, task, "applies", at: object.location)
            }
        }
        for task in plan.steps.lazy.map(\.task) {
            for object in task.footprint.deletedObjects {
                check(ObjectIdentity(object), task, "deletes", at: object.location)
            }
        }
        return findings
    }

    private func kubeconfig(of task: PlannedTask) -> Kubeconfig? {
        task.footprint.kubeconfig.flatMap { kubeconfigs[$0.path] }
    }

    private static func problem(
        _ task: String,
        _ verb: String,
        _ identity: ObjectIdentity,
        _ other: String,
        _ place: SourceLocation,
        at location: SourceLocation,
    ) -> Problem {
        Problem(
            "task '\(task)' \(verb) \(identity), which task '\(other)' applies too (\(place)): "
                + "each would undo the other",
            at: location,
            hint: "remove it from one of them",
        )
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
