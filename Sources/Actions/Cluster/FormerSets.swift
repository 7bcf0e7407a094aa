public import Base
import Execution
import Kubernetes
public import Planning
import YAML

/// The sets whose objects this node has applied, and which no task of its plan has any more.
public struct FormerSets: Sendable {
    private let run: RunEnvironment

    /// Creates the collection for a node.
    public init(_ run: RunEnvironment) {
        self.run = run
    }

    /// Returns the sets, and a problem for each record that cannot be read.
    ///
    /// - Throws: ``Base/Problem`` if the directory of the records cannot be read.
    private func sets() throws(Problem) -> (sets: [(name: String, record: SetRecord)], damaged: [Problem]) {
        let tasks = run.plan.steps.map(\.task)
        let present = Set(tasks.compactMap(\.setName) + tasks.compactMap(\.footprint.removedSet))
        let names: [String]
        do throws(SystemError) {
            names = try SetRecordStore.names(run)
        } catch {
            throw Problem("the records of sets cannot be read", hint: error.advice, cause: error)
        }
        var sets: [(name: String, record: SetRecord)] = []
        var damaged: [Problem] = []
        for name in names where !present.contains(name) {
            do throws(Problem) {
                guard let record = try SetRecordStore(run, set: name).record() else { continue }
                sets.append((name, record))
            } catch {
                damaged.append(error)
            }
        }
        return (sets, damaged)
    }

    /// Describes the sets.
    ///
    /// - Returns: A warning for each set, and for each record that cannot be read.
    public func warnings() -> [Problem] {
        do throws(Problem) {
            let (sets, damaged) = try sets()
            let call = quotedShellLine(["nest-bootstrap", "run", "--remove-sets"] + run.callArguments)
            return damaged
                + sets.map { set in
                    let objects = shortList(set.record.objects)
                    let message =
                        "no task has set '\(set.name)' any more, whose objects this node has applied (\(objects))"
                    let key = "'prune: {set: \(set.name)}' in a task keeps the set"
                    return Problem(message, hint: "\(call) deletes them, unless another node has them; \(key)")
                }
        } catch {
            return [error]
        }
    }

    /// Returns the tasks that delete the objects of the sets.
    ///
    /// - Throws: ``Base/Problem`` if the records cannot be read.
    public func removals() throws(Problem) -> [PlannedTask] {
        try sets().sets.map { set in
            let kubeconfig = LocatedPath(set.record.kubeconfig, location: .nowhere)
            let declaration = RemoveDeclaration(RemoveDeclaration.ObjectSet(kubeconfig: kubeconfig, name: set.name))
            return PlannedTask(name: "remove-set-\(set.name)", verb: Verb(declaration), location: .nowhere)
        }
    }
}
