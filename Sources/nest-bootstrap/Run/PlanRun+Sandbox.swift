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
    /// Replaces this process with one in a sandbox, if the run is that of one task that is confined.
    ///
    /// - Parameters:
    ///   - part: The tasks to run.
    ///   - records: The records of the tasks.
    /// - Returns: `nil` if the tasks are to be run in this process, otherwise why there is no sandbox.
    func enterSandbox(_ part: Plan, _ records: RecordStore) async -> Problem? {
        guard configuration.isConfining, !command.tasks.isEmpty, part.steps.count == 1,
            let task = part.steps.first?.task, task.footprint.isConfined
        else { return nil }
        do throws(Problem) {
            try await noteReset(of: task)
        } catch {
            return error
        }
        return await enterSandbox(of: task)
    }

    /// Replaces this process with one in a sandbox; returns why that is not possible.
    private func enterSandbox(of task: PlannedTask) async -> Problem {
        do {
            let state = try await prepareState(of: task)
            let files = [Installation.program] + Configuration.taskFiles(configuration.options) + referredFiles(task)
            let sandbox = Sandbox(ofAgent: task, reading: files, keeping: state)
            var agent = agent(task.name, ["--confined"])
            agent.environment[Machine.confinedBootVariable] = try Machine.bootIdentifier()
            Signals.holdInterruptions()
            try sandbox.command(running: agent, copying: copy).replaceProcess()
        } catch {
            var problem = Problem("task '\(task.name)' cannot be confined", hint: error.advice, cause: error)
            problem.mayPass = true
            return problem
        }
    }

    /// Does a part of a task for another process, in a sandbox.
    func serve(_ part: NetworkPart) async throws -> ExitCode {
        guard let task = try configuration.plan.selecting(command.tasks).steps.first?.task else { return .failure }
        if configuration.isConfining { throw await enterSandbox(of: task) }
        let signals = try catchSignals()
        let http = try HTTPClient()
        let server = NetworkServer(configuration.environment(http), task) { [output] in output.writeObject($0) }
        let (isDone, signal) = await interruptible(by: signals) { await server.serve(part) }
        await http.shutDown()
        return isDone || signal != nil ? .success : .failure
    }

    /// Creates the directories in which the agent keeps what it knows of a task, for the user that it becomes.
    private func prepareState(of task: PlannedTask) async throws(SystemError) -> [String] {
        let user = try await FileSystem.lookupUser(unitUser, until: .now + FileSystem.accountLookupLimit)
        let cache = task.footprint.keepsCache || command.part != nil ? ["\(RunEnvironment.usualCacheDirectory)/\(task.name)"] : []
        let sets = task.recordedSets.map { "/var/lib/nest-bootstrap/sets/\($0)" }
        let records = command.part == nil ? ["/run/nest-bootstrap/tasks/\(task.name)"] : []
        let directories = records + cache + sets
        for path in directories {
            try FileSystem.makeDirectory(DirectorySettings(path: path, mode: 0o711, owner: user, group: nil))
        }
        return directories
    }

    /// Returns the files to which the kubeconfig of a task refers; the agent in the sandbox reports what is wrong with it.
    private func referredFiles(_ task: PlannedTask) -> [String] {
        guard let path = task.footprint.kubeconfig?.path,
            let bytes = try? configuration.files.read(path, limit: SizeLimit.configuration),
            let kubeconfig = try? Kubeconfig(bytes, path: path)
        else { return [] }
        return kubeconfig.paths
    }

    /// Returns another call of the program for a task.
    func agent(_ task: String, _ flags: [String]) -> Host.Command {
        let options = configuration.options
        var arguments = ["run", "--task", task] + flags + options.commonArguments
        if command.isRepetition { arguments.append("--repetition") }
        if let part = command.part { arguments += ["--part", part.rawValue] }
        arguments += ["--output", options.output.rawValue]
        return Host.Command(Installation.program, arguments, environment: options.environment)
    }

    /// Opens a file that only root can read, so that the agent gets a copy of it.
    private func copy(_ path: String) throws(SystemError) -> CInt? {
        guard let status = try? FileSystem.status(try FileSystem.realPath(path)), status.kind == .regular,
            status.mode & 0o004 == 0
        else { return nil }
        try configuration.files.requireTrusted(path, isData: true)
        return try FileSystem.openForNextProgram(path)
    }
}
