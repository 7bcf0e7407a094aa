import Base
import Glibc
import HTTP
import Host
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

/// Paths that a dry run would have written.
extension NodeFiles {
    /// Records the state that a dry run would have left at a path.
    func remember(_ state: Planned, at path: String) throws(SystemError) {
        let path = try resolved(path, followsLast: false)
        planned.withLock { $0[ExactText(path)] = state }
    }

    /// Records that a task would write a path, or wait for it, so that later tasks of the dry run do not miss it.
    ///
    /// - Parameters:
    ///   - path: The path on the node. Slashes at its end are ignored.
    ///   - task: The name of the task.
    ///   - isReplaced: Whether the content of a file that is there would change too. Otherwise what is there is known,
    ///     and what is not there may be a directory with anything in it.
    func expect(_ path: String, from task: String, isReplaced: Bool = false) {
        guard let path = try? resolved(path, followsLast: false).withoutSlashesAtEnd else { return }
        let key = ExactText(path)
        planned.withLock { planned in
            if isReplaced || planned[key] == nil {
                planned[key] = isReplaced ? .unknown(from: task) : .expected(from: task)
            }
        }
    }

    /// Returns whether a dry run would have written a path, so that its current state does not matter.
    func isPlanned(_ path: String) throws(SystemError) -> Bool { try plannedState(of: path) != nil }

    /// The error number of a file whose content a dry run does not know.
    static let unknownCode = ENODATA

    /// Refuses a path whose content is not known before a task of the real run.
    func requireKnown(_ path: String) throws(SystemError) {
        switch try plannedState(of: path) {
        case .unknown(let task)?, .expected(let task)?:
            let detail = "is not known before task '\(task)' has run"
            throw SystemError("cannot read", path, code: Self.unknownCode, detail: detail)
        case .file?, .link?, .directory?, nil: return
        }
    }

    /// Returns whether a dry run would have created a directory at a path.
    func isPlannedDirectory(_ path: String) -> Bool {
        if case .directory? = try? plannedState(of: path) { true } else { false }
    }

    /// Returns the state that a dry run would have left at a path, `nil` if it would not have changed the path.
    private func plannedState(of path: String) throws(SystemError) -> Planned? {
        let path = try resolved(path)
        switch planned.withLock({ $0[ExactText(path)] }) {
        case .expected?, nil: return expectedTask(of: path).map(Planned.expected)
        case let state?: return state
        }
    }

    /// Returns the task before which a path is not there and after which it may be, `nil` for all other paths.
    ///
    /// - Parameter path: The path on the node.
    /// - Returns: The name of the task that would create the path or a directory above it, or would wait for it.
    func expectedTask(of path: String) -> String? {
        guard isDryRun, let path = try? resolved(path) else { return nil }
        let planned = planned.withLock { $0 }
        var rest = path[...]
        while !rest.isEmpty {
            switch planned[ExactText(String(rest))] {
            case .expected(let task)?:
                // A path that is there is known.
                return (try? FileSystem.exists(location(ofResolved: path))) == true ? nil : task
            case .file?, .unknown?, .link?, .directory?: return nil
            case nil: rest = rest[..<(rest.lastSlash ?? rest.startIndex)]
            }
        }
        return nil
    }
}
