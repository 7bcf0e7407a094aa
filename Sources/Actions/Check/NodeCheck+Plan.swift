import Base
import Kubernetes
import Planning

/// Checks of the individual objects in manifests.
extension NodeCheck {
    /// Checks the objects of all tasks.
    ///
    /// Objects are checked against the schemas of Kubernetes' newest version, and the CRDs among the objects.
    func objectFindings(_ contents: [TaskManifests]) -> Findings {
        let check = ObjectCheck(definitions: CustomDefinitions(contents.lazy.flatMap(\.manifests)))
        var findings = Findings()
        for (task, manifests) in contents {
            for manifest in manifests {
                findings.problems += check.problems(in: manifest)
                findings.warnings += [check.kindWarning(manifest)].compactMap(\.self)
                if !check.knowsFields(of: manifest) { findings.uncheckedObjectCount += 1 }
            }
            findings.add(pruningFindings(task, manifests))
            findings.objectCount += manifests.count
        }
        for step in run.plan.steps {
            for reference in step.task.footprint.neededObjects + step.task.footprint.deletedObjects {
                let (identity, place) = (ObjectIdentity(reference), reference.location)
                findings.problems += [ObjectCheck.nameProblem(identity, at: place)].compactMap(\.self)
                findings.warnings += [check.kindWarning(identity, at: place, place)].compactMap(\.self)
            }
        }
        return findings
    }

    /// Returns the findings about the objects of a task with `prune`.
    private func pruningFindings(_ task: PlannedTask, _ manifests: [ManifestObject]) -> Findings {
        guard task.footprint.pruning != .never else { return Findings() }
        let set = ObjectSet(name: task.setName, task: task.name)
        return Findings(problems: set.mistakes(in: manifests))
    }
}

/// Paths that the tasks of a plan write.
extension NodeCheck {
    /// Reports paths that tasks write below a path that another task writes as a file.
    func pathsBelowFiles() -> [Problem] {
        let writes = run.plan.steps.flatMap { step in step.task.footprint.writes.map { (step.task.name, $0) } }
        let files = writes.filter { if case .file = $0.1.product { true } else { false } }
        var owners: [ExactText: String] = [:]
        for (task, write) in files { owners[ExactText(write.path.path)] = task }
        return writes.compactMap { task, write in
            var parent = write.path.path[...]
            while let slash = parent.lastSlash, slash > parent.startIndex {
                parent = parent[..<slash]
                guard let owner = owners[ExactText(String(parent))] else { continue }
                return Problem(
                    "'\(write.path.path)' of task '\(task)' cannot exist, because '\(parent)' is a file that task "
                        + "'\(owner)' writes",
                    at: write.path.location,
                    hint: "write another path",
                )
            }
            return nil
        }
    }
}
