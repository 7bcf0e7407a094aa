import Actions
import Base
import HTTP
import Host
import Kubernetes
import Planning
import Reporting
import State

/// The sandbox of the agent while it speaks to a network.
extension PlanRun {
    /// Runs the task in another process in a sandbox, if the run is that of one task that is confined.
    ///
    /// - Returns: `nil` if the tasks are to be run in this process, otherwise the exit code of the other process, or why
    ///   the task could not be run there.
    func runConfined(_ part: Plan, passing signals: AsyncStream<Int32>) async -> Result<ExitCode, Problem>? {
        guard configuration.isConfining, !command.tasks.isEmpty, part.steps.count == 1,
            let task = part.steps.first?.task, task.footprint.isConfined
        else { return nil }
        do throws(Problem) {
            try await configuration.noteReset(of: task)
            let message = "task '\(task.name)' cannot be run in its sandbox"
            let status: ExitStatus
            do throws(SystemError) {
                status = try await sandboxed(task).run(passing: signals)
            } catch {
                throw Problem(message, hint: error.advice, cause: error)
            }
            guard case .exited(let code) = status, let code = ExitCode(rawValue: code), code != .failure else {
                throw Problem("\(message): bwrap \(status)", hint: "its message is in the output of the run")
            }
            return .success(code == .trouble ? .failure : code)
        } catch {
            var problem = error
            problem.mayPass = true
            return .failure(problem)
        }
    }

    /// Returns the command that runs the agent for a task in its sandbox.
    func sandboxed(_ task: PlannedTask, _ part: NetworkPart? = nil) async throws(SystemError) -> Host.Command {
        let state = try await prepareState(of: task, part)
        var options = configuration.options
        // Bubblewrap changes the directory.
        options.config = Configuration.absolute(options.config)
        let files = [Installation.program] + Configuration.taskFiles(options) + kubeconfigFiles(task)
        let sandbox = Sandbox(ofAgentReading: files + (part == nil ? inputs(of: task) : []), keeping: state)
        var words = ["run", "--task", task.name, "--confined"] + options.commonArguments
        if command.isRepetition { words.append("--repetition") }
        if let part { words += ["--part", part.rawValue] }
        words += ["--output", options.output.rawValue]
        var environment = part == nil ? options.environment : options.childEnvironment
        environment[Machine.confinedBootVariable] = try Machine.bootIdentifier()
        var agent = Host.Command(Installation.program, words, environment: environment)
        agent.isThisProgram = true
        return try sandbox.command(running: agent, copying: copy)
    }

    /// Does a part of a task for another process, which has started this one in a sandbox.
    func serve(_ part: NetworkPart) async throws -> ExitCode {
        guard let task = try configuration.plan.selecting(command.tasks).steps.first?.task else { return .failure }
        let signals = try program.catchSignals()
        let http = HTTPClient()
        let server = NetworkServer(configuration.environment(http), task) { [program] in program.output.writeObject($0)
        }
        let (isDone, signal) = await interruptible(by: signals) { await server.serve(part) { problems(of: $0).first } }
        await http.shutDown()
        return isDone || signal != nil ? .success : .failure
    }

    /// Creates the directories in which the agent keeps what it knows of a task, for the user that it becomes.
    private func prepareState(of task: PlannedTask, _ part: NetworkPart?) async throws(SystemError) -> [String] {
        let user = try await FileSystem.lookupUser(unitUser, until: .now + FileSystem.accountLookupLimit)
        let usesCache = part == nil ? task.footprint.keepsCache : part != .lock
        let cache = usesCache ? ["\(RunEnvironment.usualCacheDirectory)/\(task.name)"] : []
        let sets = task.recordedSets.map { "/var/lib/nest-bootstrap/sets/\($0)" }
        let records = part == nil ? ["/run/nest-bootstrap/tasks/\(task.name)"] : []
        let directories = records + cache + sets
        for path in directories {
            try FileSystem.makeDirectory(DirectorySettings(path: path, mode: 0o711, owner: user, group: nil))
        }
        return directories
    }

    /// Returns what a task names, the files that an administrator has put there for all tasks, and the records of the tasks
    /// before it.
    private func inputs(of task: PlannedTask) -> [String] {
        let pinned = task.footprint.pinnedDigests.map { "\(RunEnvironment.usualCacheDirectory)/\($0)" }
        let earlier = configuration.plan.allDependencies(of: task.name).sorted()
        // A task that deletes objects of a set compares them with the manifests of all tasks.
        let others =
            task.recordedSets.isEmpty ? [] : configuration.plan.steps.map(\.task).filter { $0.name != task.name }
        let caches = others.filter { $0.footprint.manifests != nil }.map {
            "\(RunEnvironment.usualCacheDirectory)/\($0.name)"
        }
        return task.footprint.reads.map(\.path.path) + pinned + caches
            + earlier.map { "/run/nest-bootstrap/tasks/\($0)" }
    }

    /// Returns the kubeconfigs of a task, and the files to which they refer; the agent in the sandbox reports what is wrong
    /// with them.
    private func kubeconfigFiles(_ task: PlannedTask) -> [String] {
        [task.footprint.kubeconfig, task.lock?.kubeconfig].compactMap { $0?.path }.unique().flatMap { path in
            let bytes = try? configuration.files.read(path, limit: SizeLimit.configuration)
            return [path] + (bytes.flatMap { try? Kubeconfig($0, path: path) }?.paths ?? [])
        }
    }

    /// Opens a file that only root can read, so that the agent gets a copy of it.
    private func copy(_ path: String) throws(SystemError) -> CInt? {
        guard let status = try? FileSystem.status(try FileSystem.realPath(path)), status.kind == .regular,
            status.mode & 0o004 == 0
        else { return nil }
        try configuration.files.requireTrusted(path, isData: true)
        return try FileSystem.openForChild(path)
    }
}
