public import Base
import Execution
import HTTP
import Kubernetes
public import Planning
import YAML

/// The sets whose objects this node has applied, and which no task of its plan has any more.
public struct FormerSets: Sendable {
    private let run: RunEnvironment

    /// The maximum duration of the requests about one set.
    private static let limit = Duration.seconds(20)

    /// Creates the collection for a node.
    public init(_ run: RunEnvironment) {
        self.run = run
    }

    /// A set with the node's record of its objects.
    private struct FormerSet {
        let name: String
        let record: SetRecord
    }

    /// Returns the sets, and a problem for each record that cannot be read.
    ///
    /// - Throws: ``Base/Problem`` if the directory of the records cannot be read.
    private func sets() throws(Problem) -> (sets: [FormerSet], damaged: [Problem]) {
        let tasks = run.plan.steps.map(\.task)
        let present = Set(tasks.compactMap(\.setName) + tasks.compactMap(\.footprint.removedSet))
        let names: [String]
        do throws(SystemError) {
            names = try SetRecordStore.names(run)
        } catch {
            throw Problem("the records of sets cannot be read", hint: error.advice, cause: error)
        }
        var sets: [FormerSet] = []
        var damaged: [Problem] = []
        for name in names where !present.contains(name) {
            do throws(Problem) {
                guard let record = try SetRecordStore(run, set: name).record() else { continue }
                sets.append(FormerSet(name: name, record: record))
            } catch {
                damaged.append(error)
            }
        }
        return (sets, damaged)
    }

    /// Describes the sets without a request to a server.
    ///
    /// - Returns: A warning for each set, and for each record that cannot be read.
    public func warnings() -> [Problem] {
        do throws(Problem) {
            let (sets, damaged) = try sets()
            return damaged
                + sets.map { set in
                    let objects = shortList(set.record.objects)
                    let message =
                        "no task has set '\(set.name)' any more, whose objects this node has applied (\(objects))"
                    let key = "'prune: {set: \(set.name)}' in a task keeps the set"
                    return Problem(
                        message,
                        hint: "\(Self.advice(run)), unless another node has the set; \(key)"
                    )
                }
        } catch {
            return [error]
        }
    }

    /// Returns the tasks that delete the objects of the sets.
    ///
    /// - Throws: ``Base/Problem`` if the records cannot be read.
    public func removals() throws(Problem) -> [PlannedTask] { try sets().sets.map(task) }

    private func task(_ set: FormerSet) -> PlannedTask {
        let place = SourceLocation.nowhere
        let kubeconfig = LocatedPath(set.record.kubeconfig, location: place)
        let declaration = RemoveDeclaration(RemoveDeclaration.ObjectSet(kubeconfig: kubeconfig, name: set.name))
        return PlannedTask(name: "remove-set-\(set.name)", verb: Verb(declaration), location: place)
    }

    /// Records that this node's file no longer has the sets, and finds those that no node has.
    ///
    /// - Returns: A warning for each set that still has objects and that no node has, and for each set about which the
    ///   API server cannot be asked.
    public func release() async -> [Problem] {
        let sets: [FormerSet]
        var warnings: [Problem]
        do throws(Problem) {
            (sets, warnings) = try self.sets()
        } catch {
            return [error]
        }
        var failed: Set<String> = []
        for set in sets {
            var reason = "a request to its API server has failed before"
            // One server that does not answer is waited for once.
            if !failed.contains(set.record.kubeconfig) {
                do {
                    if let warning = try await release(set) { warnings.append(warning) }
                    continue
                } catch {
                    let failure = error as? ObjectFailure
                    if failure?.cause == .other { failed.insert(set.record.kubeconfig) }
                    reason = failure?.problems.first.map { "\($0)" } ?? "\(error)"
                }
            }
            let message = "set '\(set.name)', which no task has any more, cannot be examined: \(reason)"
            warnings.append(Problem(message, hint: "its kubeconfig was '\(set.record.kubeconfig)'"))
        }
        return warnings
    }

    private func release(_ set: FormerSet) async throws -> Problem? {
        let context = ActionContext(
            run: run,
            task: task(set),
            deadline: .now + Self.limit,
            emit: { _ in },
        )
        let client = try await run.connections.client(kubeconfig: set.record.kubeconfig, context)
        let pruner = context.pruner(ofFormer: set.name, set.record, client)
        let store = SetRecordStore(run, set: set.name)
        let parent = try await pruner.release(by: run.hostName) ?? pruner.newParent
        guard parent.claimants.isEmpty else { return nil }
        let obsolete = try await context.obsolete(pruner, in: parent, set.record, client)
        let objects = obsolete.deletions.flatMap { $0 } + obsolete.kept.map(\.identity)
        guard !objects.isEmpty || !obsolete.isEverything else {
            try await pruner.deleteParent(parent)
            try store.discard()
            return nil
        }
        let kept = obsolete.kept.map { "\($0.identity) is \($0.reason.message)" }
        guard !obsolete.deletions.isEmpty else {
            let reasons = kept + [obsolete.warning].compactMap(\.self)
            return Problem(
                "no node's file has set '\(set.name)' any more",
                hint: reasons.joined(separator: "; ")
            )
        }
        let message =
            "no node's file has set '\(set.name)' any more, and its objects are still there: "
            + shortList(objects.map(\.description))
        return Problem(message, hint: ([Self.advice(run)] + kept).joined(separator: "; "))
    }

    /// The command that deletes the objects.
    private static func advice(_ run: RunEnvironment) -> String {
        let call = quotedShellLine(["nest-bootstrap", "run", "--remove-sets"] + run.callArguments)
        return "\(call) deletes them"
    }
}
