import Actions
import Base
import Glibc
import HTTP
import Host
import Kubernetes
import Planning
import Reporting

struct PlanRun {
    let configuration: Configuration
    let command: RunCommand
    let events: EventQueue
    let identifier: String
    let program: Program

    var output: ConsoleOutput { program.output }

    /// Runs the tasks of the command or a part of one, or reports dependencies that have not succeeded.
    func run() async throws -> ExitCode {
        guard command.isDryRun || configuration.options.root != nil || Machine.isRoot || command.isConfined else {
            let message = "cannot run tasks: permission denied"
            throw Problem(message, hint: "run as root, or with '--root DIR'")
        }
        if let part = command.part { return try await serve(part) }
        let allRecords = try configuration.records()
        // Even for a repetition, the dependencies' own records count, not those of their repetitions.
        let (part, missing) = try selection(allRecords)
        let records = command.isRepetition ? allRecords.repetitions : allRecords
        guard missing.isEmpty else {
            report(missing)
            return .notYet
        }
        if configuration.options.isService, !command.isRepetition, !command.isConfined,
            let task = part.steps.first?.task, try records.consumeSuccessByHand(of: task.name),
            let earlier = try records.record(of: task.name)?.inputs,
            // The run by hand may have used another task file.
            InputReader(configuration).inputs(of: task).change(since: earlier) == nil
        {
            output.write("\(task.name): has succeeded by hand, and is not repeated\n")
            return .success
        }
        let code = try await perform(part, records)
        guard code == .terminated, await !isStopped(part) else { return code }
        return .failure
    }

    /// Returns whether a terminated run was meant to end: systemd stops its unit, or it is not a unit's main process.
    ///
    /// For a unit, exit code 143 is a success. If systemd does not stop the unit, or does not respond, the run must fail.
    private func isStopped(_ part: Plan) async -> Bool {
        guard configuration.options.isService, !command.isConfined, let task = part.steps.first?.task else {
            return true
        }
        let unit = command.isRepetition ? repetitionUnitName(ofTask: task.name) : task.unitName
        return (try? await Systemd.services([unit]))?[unit].map { $0.unit.active != "activating" } ?? false
    }

    private func perform(_ part: Plan, _ records: RecordStore) async throws -> ExitCode {
        if !command.isDryRun, !part.steps.isEmpty {
            do {
                try records.prepare()
            } catch {
                throw unwritable("the records of the tasks", error)
            }
        }
        let signals = try program.catchSignals()
        let confined = await runConfined(part, passing: signals)
        if case .success(let code) = confined {
            await concludeByHand()
            return code
        }
        let refusal: Problem? = if case .failure(let problem) = confined { problem } else { nil }
        let http = HTTPClient()
        let recorder: Recorder? =
            command.isDryRun
            ? nil
            : Recorder(records, run: identifier, isOfUnit: configuration.options.isService, plan: configuration.plan) {
                [events] in events.send($0)
            }
        let inputs = InputReader(configuration)
        var environment = configuration.environment(http)
        if configuration.isConfining {
            environment.networkProcess = { (task, part) throws(SystemError) in try await sandboxed(task, part) }
        }
        let runner = ActionRunner(environment)
        let engine = engine(recorder)
        let (report, signal) = await interruptible(by: signals) {
            await engine.run(part) { step, context in
                guard let recorder else {
                    let outcome = try await runner.perform(step, context)
                    if case .changed = outcome, !step.task.restarts.isEmpty {
                        context.emit(.planned("would restart \(step.task.restarts.joined(separator: ", "))"))
                    }
                    return outcome
                }
                return try await perform(step, context, runner, recorder, records, inputs, refusal)
            }
        }
        if command.tasks.isEmpty, signal == nil { output.report(warnings: environment.formerSetWarnings()) }
        await http.shutDown()
        if recorder != nil, !command.isConfined { await concludeByHand() }
        var code = ExitCode(report, signal: signal)
        // Dependants need the record, which another attempt can write.
        if code == .success, recorder?.hasLostRecords == true { code = .failure }
        return code
    }

    /// The maximum time for sending a report after a run by hand.
    private static let reportLimit = Duration.seconds(5)

    /// After a run by hand, writes the metrics and reports to the cluster, as services do after runs of units.
    ///
    /// Metrics are written for a run with `--root`, or by user root with the default task file. A run with `--root`, or
    /// as another host, is not reported, because it does not show the state of this machine's Node. With systemd, the
    /// service reports a run by user root with the default task file. Without systemd, the run itself reports if the
    /// task file names a kubeconfig for reports.
    private func concludeByHand() async {
        let options = configuration.options
        guard !options.isService else { return }
        let isOfNode = Machine.isRoot && options.config == Options.defaultConfig
        if options.root != nil || isOfNode {
            await MetricsWriter(options: options, configuration: configuration).write(orWarn: output)
        }
        let isThisMachine = options.root == nil && options.hostName.map { $0 == Machine.hostName() } ?? true
        guard isThisMachine, let report = configuration.report else { return }
        if !Systemd.isRunning, report.kubeconfig != nil {
            await NodeReporter.attempt(options, output, within: Self.reportLimit, gracePeriod: .zero)
        } else if Systemd.isRunning, isOfNode {
            await NodeReporter.request(report)
        }
    }

    private func engine(_ recorder: Recorder?) -> Engine {
        Engine(
            emit: { [events] event in
                recorder?.receive(event)
                events.send(event)
            },
            conclude: { recorder?.conclude($0) },
        )
    }

    /// Runs a task with its lock and a record of its start, and then restarts units if this is due.
    private func perform(
        _ step: Plan.Step,
        _ context: StepContext,
        _ runner: ActionRunner,
        _ recorder: Recorder,
        _ records: RecordStore,
        _ inputs: InputReader,
        _ refusal: Problem?,
    ) async throws -> Outcome {
        let lock = try await lock(records, context)
        let attempt = try recorder.begin(context.task, using: inputs.inputs(of: step.task), lock)
        events.note(attempt: attempt, of: context.task)
        if let refusal { throw refusal }
        // For a confined task, the process outside the sandbox has already recorded this.
        if !command.isConfined { try await configuration.noteReset(of: step.task) }
        let outcome: Outcome
        do {
            outcome = try await runner.perform(step, context)
        } catch {
            // If this fails, missing paths stay listed, but `reset` deletes only paths that are as a task created them.
            if !command.isConfined {
                try? Configuration.products(configuration.options).forgetMissing(of: step.task.name)
            }
            throw error
        }
        try await restartUnits(of: step.task, after: outcome, recorder, context)
        return outcome
    }

    /// Takes the lock of a task; while another process holds the lock, waits until the deadline.
    private func lock(_ records: RecordStore, _ context: StepContext) async throws -> FileLock {
        do {
            if let lock = try records.lock(context.task) { return lock }
            let reason = records.runner(of: context.task).map { "process \($0) runs it" }
            context.emit(.waiting(Wait(.init(.lock, "another run of this task"), reason: reason)))
            let waiting = try await FileLock.wait(until: context.deadline) { () throws(SystemError) in
                try records.lock(context.task)
            }
            if let lock = waiting { return lock }
        } catch {
            throw unwritable("the task's record", error)
        }
        try Task.checkCancellation()
        throw DeadlineExceeded(timeout: context.timeout, lastWaiting: context.lastWaiting)
    }

    /// Reports the dependencies that have not succeeded, and the named tasks that run after them.
    private func report(_ missing: [(task: PlannedTask, dependency: TaskStatus)]) {
        let options = configuration.options
        let problems = missing.map { task, dependency in
            let words = ["run", "--task", task.name, "--with-dependencies"] + (options.isDryRun ? ["--dry-run"] : [])
            let advice = dependency.state == .running ? "wait until it has ended" : "run \(options.quotedCall(words))"
            let message = "task '\(task.name)' runs after '\(dependency.task)', which \(phrase(dependency))"
            // A service gets no advice, because the dependency's own unit reports what is wrong.
            return Problem(message, hint: options.isService ? nil : advice)
        }
        events.runBlocked(by: problems)
        for ((task, dependency), problem) in zip(missing, problems) {
            let fields = [
                ("NEST_RUN_ID", identifier), ("NEST_TASK", task.name), ("NEST_VERB", task.verb.name),
                ("NEST_DEPENDENCY", dependency.task),
            ]
            output.report([problem], as: options.output, .dependencyMissing, fields)
        }
    }

    /// If a restart is due, restarts the task's active units and, after an earlier failed restart, also failed ones.
    private func restartUnits(
        of task: PlannedTask,
        after outcome: Outcome,
        _ recorder: Recorder,
        _ context: StepContext,
    ) async throws {
        // No units run from the files below a root.
        guard configuration.options.root == nil, let state = recorder.noteResult(outcome, of: task.name) else { return }
        // These units may be waiting for this task to end.
        let own = [task.unitName, repetitionUnitName(ofTask: task.name), targetName]
        var failure: (any Error)?
        for unit in task.restarts {
            context.emit(.waiting(Wait(.init(.condition, "the restart of unit '\(unit)'"))))
            do throws(SystemError) {
                let isRetry = state == .failed
                _ = try await Systemd.restart(unit, from: own, startsFailed: isRetry, deadline: context.deadline)
            } catch {
                if Task.isCancelled {
                    failure = CancellationError()
                    break
                }
                // A unit that a task of the plan has yet to install cannot be running with outdated files.
                if error.code == ENOENT, configuration.plan.task(writingUnit: unit) != nil { continue }
                failure = failure ?? Problem("\(error)", hint: error.advice ?? "see 'journalctl -u \(unit)'")
            }
        }
        recorder.noteRestart(of: task.name, hasFailed: failure != nil)
        if let failure { throw failure }
    }

    /// Returns the tasks to run, and each dependency that has not succeeded with the named task that needs it.
    private func selection(_ records: RecordStore) throws -> (Plan, [(task: PlannedTask, dependency: TaskStatus)]) {
        let plan = configuration.plan
        guard !command.tasks.isEmpty else { return (plan, []) }
        let named = try plan.selecting(command.tasks)
        let names = Set(named.steps.map(\.task.name))
        if command.withDependencies {
            let all = try plan.selecting(command.tasks, withDependencies: true)
            let isDone = try Set(all.steps.map(\.task.name).filter(records.hasSucceeded))
            return (all.keeping { names.contains($0.task.name) || !isDone.contains($0.task.name) }, [])
        }
        var missing: [(task: PlannedTask, dependency: TaskStatus)] = []
        for step in plan.steps where names.contains(step.task.name) {
            let outside = step.dependencies.map { plan.steps[$0].task.name }.filter { !names.contains($0) }
            for status in records.statuses(of: outside) where !status.state.isSuccess {
                if case .unknown = status.state { _ = try records.intactRecord(of: status.task) }
                missing.append((step.task, status))
            }
        }
        return (named, missing)
    }

    /// Returns the state of a dependency that has not succeeded, as a predicate.
    private func phrase(_ status: TaskStatus) -> String {
        switch status.state {
        case .running: "is running now"
        case .ended(.failed): "failed on this boot"
        case .ended(let outcome): "was \(outcome.rawValue) on this boot"
        case .unknown: "has a damaged record"
        case .notYet, .waiting: "has not run on this boot"
        }
    }
}

func unwritable(_ records: String, _ error: SystemError) -> Problem {
    let isRefused = [EACCES, EPERM].contains(error.code)
    let hint = error.advice ?? (isRefused ? "run as root, or with '--root DIR'" : nil)
    return Problem("cannot write \(records)", hint: hint, cause: error)
}

/// Sandboxed processes of this program, which run confined tasks and the parts of tasks that use a network.
extension PlanRun {
    /// Runs a confined task in a sandboxed process, and returns the exit code or the reason why it could not be run.
    ///
    /// The result is `nil` if this process has to run the tasks itself.
    func runConfined(_ part: Plan, passing signals: AsyncStream<Int32>) async -> Result<ExitCode, Problem>? {
        guard configuration.isConfining, !command.tasks.isEmpty, part.steps.count == 1,
            let task = part.steps.first?.task, task.footprint.isConfined
        else { return nil }
        do throws(Problem) {
            try await configuration.noteReset(of: task)
            let status: ExitStatus
            do throws(SystemError) {
                status = try await sandboxed(task).run(passing: signals)
            } catch {
                throw Problem("task '\(task.name)' cannot be run in its sandbox", hint: error.advice, cause: error)
            }
            guard case .exited(let code) = status, let code = ExitCode(rawValue: code), code != .failure else {
                let message = "the sandboxed process of task '\(task.name)' has failed or was killed"
                throw Problem("\(message): bwrap \(status)", hint: "a message of bwrap is in the output of the run")
            }
            return .success(code == .trouble ? .failure : code)
        } catch {
            var problem = error
            problem.mayPass = true
            return .failure(problem)
        }
    }

    /// Returns the command that runs this program in a sandbox for a task, or for a part of it.
    func sandboxed(_ task: PlannedTask, _ part: NetworkPart? = nil) async throws(SystemError) -> Host.Command {
        let state = try await prepareState(of: task, part)
        var options = configuration.options
        // Bubblewrap changes the working directory.
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

    /// Performs a part of a task in the sandbox, for the process outside the sandbox.
    func serve(_ part: NetworkPart) async throws -> ExitCode {
        guard let task = try configuration.plan.selecting(command.tasks).steps.first?.task else { return .failure }
        let signals = try program.catchSignals()
        let http = HTTPClient()
        let server = NetworkServer(configuration.environment(http), task) { [program] in program.output.write($0) }
        let (isDone, signal) = await interruptible(by: signals) { await server.serve(part) { problems(of: $0).first } }
        await http.shutDown()
        return isDone || signal != nil ? .success : .failure
    }

    /// Creates the directories in which the sandboxed process writes, owned by its user, and returns their paths.
    private func prepareState(of task: PlannedTask, _ part: NetworkPart?) async throws(SystemError) -> [String] {
        let user: UInt32
        do throws(SystemError) {
            user = try await FileSystem.lookupAccount(unitUser)
        } catch {
            var error = error
            error.advice = error.advice ?? "run 'systemd-sysusers nest-bootstrap.conf'"
            throw error
        }
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

    /// Returns the paths that a task reads: named paths, pinned files, other tasks' caches, and dependencies' records.
    private func inputs(of task: PlannedTask) -> [String] {
        let pinned = task.footprint.pinnedDigests.map { "\(RunEnvironment.usualCacheDirectory)/\($0)" }
        let earlier = configuration.plan.allDependencies(of: task.name).sorted()
        // Objects of a set stay if other tasks' manifests contain them, and these manifests may be in the caches.
        let others =
            task.recordedSets.isEmpty ? [] : configuration.plan.steps.map(\.task).filter { $0.name != task.name }
        let caches = others.filter { $0.footprint.manifests != nil }.map {
            "\(RunEnvironment.usualCacheDirectory)/\($0.name)"
        }
        return task.footprint.reads.map(\.path.path) + pinned + caches
            + earlier.map { "/run/nest-bootstrap/tasks/\($0)" }
    }

    /// Returns the kubeconfig of a task or its Lease, and the files to which it refers if it can be read.
    private func kubeconfigFiles(_ task: PlannedTask) -> [String] {
        guard let path = task.footprint.kubeconfig?.path else { return [] }
        let bytes = try? configuration.files.read(path, limit: SizeLimit.configuration)
        return [path] + (bytes.flatMap { try? Kubeconfig($0, path: path) }?.paths ?? [])
    }

    /// Opens a file that the sandbox gets as a copy; returns `nil` if every user may read it, or it is no regular file.
    private func copy(_ path: String) throws(SystemError) -> CInt? {
        guard let status = try? FileSystem.status(try FileSystem.realPath(path)), status.kind == .regular,
            status.mode & 0o004 == 0
        else { return nil }
        try configuration.files.requireTrusted(path, isData: true)
        return try FileSystem.openForChild(path)
    }
}

extension Configuration {
    /// Records, before a task acts, the commands that undo it and the states that it will change.
    ///
    /// A state that is already recorded is not recorded again, because a task may have changed it since.
    func noteReset(of task: PlannedTask) async throws(Problem) {
        let states: [ProductList.FormerState]
        do throws(SystemError) {
            states = try await formerStates(of: task)
        } catch {
            throw Problem("cannot read the state that task '\(task.name)' changes", hint: error.advice, cause: error)
        }
        do throws(SystemError) {
            let (lists, position) = (try Self.products(options), plan.position(of: task.name) ?? 0)
            try lists.note(task.resetCommands, of: task.name, at: position)
            let recorded = states.isEmpty ? [] : try lists.lists().lists.flatMap(\.former).map(\.subject)
            for state in states where !recorded.contains(state.subject) {
                try lists.note(state, of: task.name, at: position)
            }
        } catch {
            throw unwritable("the list of what task '\(task.name)' makes", error)
        }
    }

    /// Returns the states of the unit or images that a task will change, with the commands that restore them.
    ///
    /// The result is empty with `--root`. For a unit, it is also empty if the unit does not exist or no service manager
    /// can be reached. The commands ignore a unit that no longer exists.
    private func formerStates(of task: PlannedTask) async throws(SystemError) -> [ProductList.FormerState] {
        guard options.root == nil else { return [] }
        if let declaration = task.verb.declaration as? ImagesDeclaration {
            let commands = declaration.removalCommands(ofTask: task.name)
            return [
                .init("images that '\(declaration.socket.path)' had before task '\(task.name)'", commands: commands)
            ]
        }
        guard let service = task.footprint.service, Systemd.isReachable else { return [] }
        let state = try await Systemd.installedUnit(service.unit)
        guard state.unit.load != "not-found" else { return [] }
        func call(_ word: String) -> String { shellLine(["systemctl", word, "--", service.unit]) }
        func unless(_ condition: String, _ command: String) -> String { "! \(condition) >/dev/null 2>&1 || \(command)" }
        var states: [ProductList.FormerState] = []
        if service.isEnabled != nil {
            let commands =
                state.isEnabled ? unless(call("cat"), call("enable")) : unless(call("is-enabled"), call("disable"))
            states.append(.init("start of unit '\(service.unit)' at boot", commands: commands))
        }
        if service.state != nil {
            let commands = unless(call("cat"), call(state.isUp ? "start" : "stop"))
            states.append(.init("state of unit '\(service.unit)'", commands: commands))
        }
        return states
    }
}
