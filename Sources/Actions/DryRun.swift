import Base
import Glibc
import HTTP
import Host
import Kubernetes
import Planning

extension ActionContext {
    /// Returns the file or server that a failed task of a dry run lacks, with the task that would provide it.
    ///
    /// - Returns: A noun phrase for a message, or `nil` if the problem has another cause or this is no dry run.
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

    /// Records the paths that the task would write, so that later tasks of the dry run can use them.
    func expectProducts() {
        for write in task.footprint.writes where write.effect != .removes {
            let isReplaced = if case .file = write.product { true } else { false }
            run.files.expect(write.path.path, from: task.name, isReplaced: isReplaced)
        }
    }

    /// Records in a dry run that the task may start a server or program, if its verb or `restart` can do so.
    func recordStart() {
        guard run.files.isDryRun, Self.startingVerbs.contains(task.verb.name) || !task.restarts.isEmpty else { return }
        run.startingTasks.insert(task.name)
    }

    private static let startingVerbs: Set = [ServiceDeclaration.name, ExecDeclaration.name, WaitDeclaration.name]

    /// The last dependency that might have started a server or program in a real run, if there is one.
    var startingTask: String? { lastStartingTask { _ in true } }

    /// The last dependency that would have run a program in a real run, if there is one.
    var earlierProgram: String? { lastStartingTask { $0.verb.name == ExecDeclaration.name } }

    private func lastStartingTask(where isMeant: (PlannedTask) -> Bool) -> String? {
        let starting = run.startingTasks.all
        guard !starting.isEmpty else { return nil }
        let earlier = run.plan.allDependencies(of: task.name).intersection(starting)
        return run.plan.steps.last { earlier.contains($0.task.name) && isMeant($0.task) }?.task.name
    }
}

extension NodeFiles {
    /// Records the state in which a real run would have left a path.
    func remember(_ state: Planned, at path: String) throws(SystemError) {
        let path = try resolved(path, followsLast: false)
        planned.withLock { $0[ExactText(path)] = state }
    }

    /// Records that a path would exist after a task, so that later tasks of the dry run may use it.
    ///
    /// Unless `isReplaced` is set, an existing path keeps its content, and a missing path may become a file or a
    /// directory with any entries.
    func expect(_ path: String, from task: String, isReplaced: Bool = false) {
        guard let path = try? resolved(path, followsLast: false).withoutSlashesAtEnd else { return }
        let key = ExactText(path)
        planned.withLock { planned in
            if isReplaced || planned[key] == nil {
                planned[key] = isReplaced ? .unknown(from: task) : .expected(from: task)
            }
        }
    }

    /// Returns whether a real run would or might have changed a path by now, so that its present state does not count.
    func isPlanned(_ path: String) throws(SystemError) -> Bool { try plannedState(of: path) != nil }

    /// The error number for a file whose content is not known in a dry run.
    static let unknownCode = ENODATA

    /// Throws an error with ``unknownCode`` if the content of a path is not known before another task has run.
    func requireKnown(_ path: String) throws(SystemError) {
        switch try plannedState(of: path) {
        case .unknown(let task)?, .expected(let task)?:
            let detail = "is not known before task '\(task)' has run"
            throw SystemError("cannot read", path, code: Self.unknownCode, detail: detail)
        case .file?, .link?, .directory?, nil: return
        }
    }

    func isPlannedDirectory(_ path: String) -> Bool {
        if case .directory? = try? plannedState(of: path) { true } else { false }
    }

    /// Returns the state in which a real run would have left a path, or `nil` if it would not have changed the path.
    private func plannedState(of path: String) throws(SystemError) -> Planned? {
        guard isDryRun else { return nil }
        let path = try resolved(path)
        switch planned.withLock({ $0[ExactText(path)] }) {
        case .expected?, nil: return expectedTask(of: path).map(Planned.expected)
        case let state?: return state
        }
    }

    /// Returns the task that may create a missing path or a directory above it, or that waits for it.
    ///
    /// - Returns: The name of the task; `nil` if there is none, if the path exists, or if the nearest recorded path at
    ///   or above it will be a file, a link or a directory.
    func expectedTask(of path: String) -> String? {
        guard isDryRun, let path = try? resolved(path) else { return nil }
        let planned = planned.withLock { $0 }
        var rest = path[...]
        while !rest.isEmpty {
            switch planned[ExactText(String(rest))] {
            case .expected(let task)?:
                // The state of an existing path is known.
                return (try? FileSystem.exists(location(ofResolved: path))) == true ? nil : task
            case .file?, .unknown?, .link?, .directory?: return nil
            case nil: rest = rest[..<(rest.lastSlash ?? rest.startIndex)]
            }
        }
        return nil
    }
}
