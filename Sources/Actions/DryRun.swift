import Base
import Glibc
import HTTP
import Kubernetes
import Planning

/// The limits of a dry run: files and servers that other tasks of the run provide first.
extension ActionContext {
    /// Returns what the task of a dry run lacks as long as an earlier task has not run, as the end of a sentence.
    ///
    /// - Parameter problem: The problem with which the task ended.
    /// - Returns: The missing file or server with the task that provides it, `nil` if the real run may fail as well.
    func missingInDryRun(_ problem: Problem) -> String? {
        guard run.files.isDryRun else { return nil }
        var cause: (any Error)? = problem
        while let problem = cause as? Problem { cause = problem.cause }
        switch cause {
        case let error as SystemError where error.code == NodeFiles.unknownCode:
            return "'\(error.subject)', which \(error.reason)"
        case let fault as TransportError where [.refused, .unreachable, .timedOut, .closed].contains(fault.kind): break
        case APIError.notReady?, APIError.pending?: break
        default: return nil
        }
        return startingTask.map { "the API server, which does not answer before task '\($0)' has run" }
    }

    /// Records that a dry run does not know the content of what the task would write.
    func expectProducts() {
        for write in task.footprint.writes where write.effect != .removes {
            let isReplaced = if case .file = write.product { true } else { false }
            run.files.expect(write.path.path, from: task.name, isReplaced: isReplaced)
        }
    }

    /// Records that the task would start something that other tasks may need, if it does.
    func recordStart() {
        guard run.files.isDryRun, Self.startingVerbs.contains(task.verb.name) || !task.restarts.isEmpty else { return }
        run.startingTasks.insert(task.name)
    }

    private static let startingVerbs: Set = [ServiceDeclaration.name, ExecDeclaration.name, WaitDeclaration.name]

    /// The last of the earlier tasks that would start something in this dry run, `nil` if none would.
    var startingTask: String? { lastStartingTask { _ in true } }

    /// The last of the earlier tasks whose program would run in this dry run, `nil` if none would.
    var earlierProgram: String? { lastStartingTask { $0.verb.name == ExecDeclaration.name } }

    private func lastStartingTask(where isMeant: (PlannedTask) -> Bool) -> String? {
        let starting = run.startingTasks.all
        guard !starting.isEmpty else { return nil }
        let earlier = run.plan.allDependencies(of: task.name).intersection(starting)
        return run.plan.steps.last { earlier.contains($0.task.name) && isMeant($0.task) }?.task.name
    }
}
