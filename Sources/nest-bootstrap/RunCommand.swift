import Actions
import Execution
import Glibc
import HTTP
import Host
import Planning
import Speaking
import YAML

/// Command `run`: the whole plan of this node, or some of its tasks.
struct RunCommand {
    let configuration: Configuration
    let options: RunOptions
    let sink: any EventSink
    let outlet: Outlet
    let identifier: String

    /// Runs, and returns what to tell who called.
    ///
    /// - Throws: ``YAML/Diagnostics`` for task names that mean nothing, ``Host/SystemError`` if the state cannot be read.
    func run() async throws -> ExitCode {
        let records = try configuration.records()
        let part = try selection(records)
        if options.onlyDirectories { return makeDirectories(for: part.plan) }
        guard part.missing.isEmpty else {
            let options = configuration.options
            sink.obstructed(by: part.missing.map { $0.problem(options) })
            for missing in part.missing {
                let fields = [
                    ("NEST_RUN_ID", identifier), ("NEST_TASK", missing.task), ("NEST_VERB", missing.verb),
                    ("NEST_DEPENDENCY", missing.dependency),
                ]
                outlet.tell([missing.problem(options)], as: options.output, .dependencyMissing, fields)
            }
            return .notYet
        }
        if !options.isDryRun, !part.plan.steps.isEmpty {
            do {
                try records.prepare()
            } catch {
                throw ActionError("records cannot be kept", hint: "run as root, or with '--root DIR'", cause: error)
            }
        }
        let signals = try Signals.interruptions()
        let http = try HTTPClient()
        let recorder = options.isDryRun ? nil : Recorder(records, run: identifier, plan: configuration.plan, sink: sink)
        let runner = ActionRunner(configuration.environment(http))
        let engine = Engine { [sink] event in
            recorder?.receive(event)
            sink.receive(event)
        }
        let (report, signal) = await interruptible(by: signals) {
            await engine.run(part.plan) { step, context in
                guard let recorder else { return try await runner.perform(step, context) }
                let lock = try await TaskTurn(records: records, context: context).take()
                defer { withExtendedLifetime(lock) {} }
                recorder.begin(context.task)
                return try await runner.perform(step, context)
            }
        }
        await http.shutDown()
        if recorder != nil { await wakeServices(of: report) }
        return ExitCode(report, signal: signal)
    }

    /// Has systemd try again at once what failed or waits for what has succeeded now.
    ///
    /// A task is the same whether its service runs it or a person does; where it is a service, its unit does this. What
    /// systemd refuses to us it does by itself within a minute.
    private func wakeServices(of report: Report) async {
        let options = configuration.options
        guard !Self.isService, options.root == nil, options.config == Options(.check).config, Systemd.isRunning else {
            return
        }
        let succeeded = Set(report.entries.filter(\.outcome.isSuccess).map(\.task))
        let plan = configuration.plan
        let concerned = plan.steps.filter { step in
            succeeded.contains(step.task.name)
                || step.dependencies.contains { succeeded.contains(plan.steps[$0].task.name) }
        }
        _ = try? await Systemd.retry(concerned.map(\.task.unitName))
    }

    /// Makes the directories that tasks write to, where they can be made.
    ///
    /// What goes wrong is told by the task that misses its directory, and nothing is told twice.
    private func makeDirectories(for plan: Plan) -> ExitCode {
        for directory in plan.steps.flatMap(\.task.verb.neededDirectories) {
            try? FileSystem.makeDirectories(configuration.location(ofWritten: directory))
        }
        return .success
    }

    /// Whether systemd has started this process for a task.
    private static var isService: Bool { Machine.environment()["NOTIFY_SOCKET"] != nil }

    /// What is run, and what it lacks.
    private struct Selection {
        var plan: Plan
        var missing: [MissingDependency] = []
    }

    /// A dependency without which a named task may not run.
    private struct MissingDependency {
        var task: String
        var verb: String
        var dependency: String
        var state: String
        var isRunning: Bool

        /// The problem, with the call that mends it: the same flags, and one more.
        func problem(_ options: Options) -> Problem {
            let call = "nest-bootstrap run --task \(task) --with-dependencies\(options.commonArguments)"
            // A service is started again when the other has succeeded.
            let hint = RunCommand.isService ? nil : isRunning ? "wait until it has ended" : "run '\(call)'"
            return Problem("task '\(task)' runs after '\(dependency)', which \(state)", hint: hint)
        }
    }

    private func selection(_ records: RecordStore) throws -> Selection {
        let plan = configuration.plan
        guard !options.tasks.isEmpty else { return Selection(plan: plan) }
        let named = try plan.selecting(options.tasks)
        let names = Set(named.steps.map(\.task.name))
        if options.withDependencies {
            let all = try plan.selecting(options.tasks, withDependencies: true)
            let isDone = try Set(all.steps.map(\.task.name).filter(records.hasSucceeded))
            return Selection(plan: all.keeping { names.contains($0.task.name) || !isDone.contains($0.task.name) })
        }
        var selection = Selection(plan: named)
        for step in named.steps {
            let name = step.task.name
            for dependency in plan.dependencies(of: name) where !names.contains(dependency) {
                let record = try records.record(of: dependency)
                guard record?.isSuccess != true else { continue }
                let isRunning = records.runner(of: dependency) != nil
                let state = isRunning ? "is running now" : past(of: dependency, record)
                let verb = step.task.verb.name
                selection.missing.append(
                    MissingDependency(
                        task: name,
                        verb: verb,
                        dependency: dependency,
                        state: state,
                        isRunning: isRunning,
                    )
                )
            }
        }
        return selection
    }

    /// Why a dependency that does not run has not succeeded, in words.
    private func past(of dependency: String, _ record: TaskRecord?) -> String {
        if let record { return "came to '\(record.outcome)' on this boot" }
        let unit = unitName(ofTask: dependency)
        let isMasked = configuration.options.root == nil && Systemd.isMasked(unit)
        return "has not run on this boot" + (isMasked ? ", as its unit is masked" : "")
    }

    /// Runs an engine until it ends, or until a signal cancels it.
    ///
    /// Later signals change nothing: what is cancelled ends within seconds, and by then no child process is left behind,
    /// every task has its record and the terminal is as it was. `SIGQUIT` still ends the program at once.
    private func interruptible(
        by signals: AsyncStream<Int32>,
        _ body: @escaping @Sendable () async -> Report,
    ) async -> (Report, signal: Int32?) {
        // While the stream is there its signals do not end the program.
        defer { withExtendedLifetime(signals) {} }
        return await withTaskGroup(of: Ending.self) { group in
            group.addTask { .report(await body()) }
            group.addTask { .signal(await signals.first { _ in true }) }
            var signal: Int32?
            while let ending = await group.next() {
                switch ending {
                case .signal(let number):
                    signal = number
                    if number != nil { group.cancelAll() }
                case .report(let report):
                    group.cancelAll()
                    return (report, signal)
                }
            }
            preconditionFailure("a run ends with a report")
        }
    }

    private enum Ending: Sendable {
        case report(Report)
        case signal(Int32?)
    }
}

/// A task's turn: no two processes run the same task at once.
struct TaskTurn {
    let records: RecordStore
    let context: StepContext

    /// Takes the task's lock, waiting while another process has it.
    func take() async throws -> TaskLock {
        do {
            if let lock = try records.lock(context.task) { return lock }
        } catch {
            throw ActionError(
                "the task's record cannot be kept",
                hint: "run as root, or with '--root DIR'",
                cause: error
            )
        }
        let holder = records.runner(of: context.task).map { " (process \($0))" } ?? ""
        context.emit(.waiting("another nest-bootstrap is running this task\(holder)"))
        guard let lock = try await records.awaitLock(context.task) else { throw CancellationError() }
        return lock
    }
}
