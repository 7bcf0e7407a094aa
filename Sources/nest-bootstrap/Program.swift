import Actions
import Base
import Execution
import HTTP
import Host
import Planning
import Reporting
import State
import YAML

/// One invocation of the program, from its arguments to its exit code.
struct Program {
    let arguments: [String]
    private let output: ConsoleOutput
    private let outputEnvironment: OutputEnvironment

    init(arguments: [String]) {
        self.arguments = arguments
        let outputEnvironment = OutputEnvironment(environment: Machine.environment())
        var isPlain = false
        if case .perform(let options)? = try? parseArguments(arguments) { isPlain = options.isPlain }
        self.outputEnvironment = isPlain ? outputEnvironment.plain : outputEnvironment
        output = ConsoleOutput(
            journal: Journal().map { JournalQueue(sender(to: $0)) },
            isUTF8: outputEnvironment.isUTF8
        )
    }

    /// Performs the command of the arguments.
    func run() async -> ExitCode {
        let (code, idleLimit) = await answer()
        // A program that is stopped ends, whether or not its output is read.
        output.flush(idleLimit: idleLimit, until: code.isStopped ? .now + stopLimit : nil)
        // Fail if output was lost.
        guard let failure = output.failure else { return code }
        output.report(failure)
        output.flush(idleLimit: .milliseconds(200))
        return [.success, .failure].contains(code) ? failureCode : code
    }

    /// Performs what the arguments ask for, and returns how long its output may then wait for a reader.
    private func answer() async -> (ExitCode, Duration) {
        let invocation: Invocation
        do {
            invocation = try parseArguments(arguments)
        } catch {
            output.report(error, as: wantedOutput(arguments))
            return (.usage, readerLimit)
        }
        switch invocation {
        case .help(let command):
            output.write(helpText(command))
            return (.success, readerLimit)
        case .version:
            output.write(versionText)
            return (.success, readerLimit)
        case .perform(let options):
            let code = await perform(options)
            // It was interrupted by a person, who does not wait for a reader.
            if case .status(_, let status) = options.command, status.isWatching { return (code, stopLimit) }
            guard case .run(let run) = options.command, !run.isDryRun else { return (code, readerLimit) }
            return (code, runLimit)
        }
    }

    /// The exit code of a failure that is not one of a task.
    private var failureCode: ExitCode {
        guard case .perform(let options)? = try? parseArguments(arguments), case .diff = options.command else {
            return .failure
        }
        return .trouble
    }

    private func perform(_ options: Options) async -> ExitCode {
        switch options.command {
        case .schema: output.writeData(String(decoding: taskFileSchema().json(), as: UTF8.self) + "\n")
        case .manual(let page, let date): output.writeData(page.text(date: date))
        case .completion(let shell): output.writeData(shell.script)
        case .candidates(let words, let isLine):
            let typed = isLine ? shellWords(words.joined(separator: " "), environment: Machine.environment()) : words
            output.writeData(Completer(words: typed).completion.text)
        case .explain(let name): return ExplainCommand(name: name, format: options.output, output: output).run()
        default: return await performOnFiles(options)
        }
        return .success
    }

    /// Performs a command that reads or writes files.
    private func performOnFiles(_ options: Options) async -> ExitCode {
        if case .units(let units) = options.command {
            return UnitsCommand(options: options, units: units, output: output).run()
        }
        do {
            if case .certificates(let certificates) = options.command {
                return try await CertificatesCommand(options: options, certificates: certificates, output: output).run()
            }
            if case .reset(let reset) = options.command {
                return try await ResetCommand(options: options, reset: reset, output: output).run()
            }
            if case .initialise(let destination) = options.command {
                return InitCommand(options: options, destination: destination, output: output).run()
            }
            if case .importing(let source) = options.command {
                return await ImportCommand(source: source, output: output).run()
            }
            if case .logs(let names, let logs) = options.command {
                return try await LogsCommand(options: options, names: names, logs: logs).run(output)
            }
            if case .report = options.command {
                return try await ReportCommand(options: options, output: output).run()
            }
            if case .status(_, let status) = options.command, options.isForAllNodes {
                return try await AllNodesStatusCommand(options: options, status: status)
                    .run(output, outputEnvironment)
            }
            if options.isForAllNodes {
                let command = AllNodesCommand(options: options, output: output)
                if case .check(let version) = options.command { return try await command.check(version) }
                guard case .graph(let graph) = options.command else {
                    preconditionFailure("only these commands are for all nodes")
                }
                let columns = outputEnvironment.columns
                return command.draw(options.output.isForPrograms ? nil : graph.format, columns: columns)
            }
            if case .check(let version) = options.command {
                return try await CheckCommand(options: options, serverVersion: version).run(output)
            }
            let configuration: Configuration
            do {
                configuration = try Configuration(options)
            } catch {
                // The task itself, which comes next, reports it.
                if options.isPreparation { return .success }
                if options.isSupervision { await writeMetricsOfInvalidFile(options) }
                output.report(error, as: options.output, .taskFileWrong)
                // Every user can read the status, and a problem may show a value of the file.
                let place = error.all.first?.location.map { " (\($0))" } ?? ""
                let status = printable("the task file has a problem\(place), see the journal")
                let notifications = ThreadQueue(notifyManager)
                notifications.append("STATUS=\(status)")
                _ = notifications.drain(idleLimit: stopLimit)
                return .configuration
            }
            return switch options.command {
            case .run(let run): try await perform(run, configuration)
            case .status(let names, let status) where status.isWatching:
                try await WatchCommand(configuration: configuration, names: names).run(output, outputEnvironment)
            case .status(let names, let status):
                try await StatusCommand(configuration: configuration, names: names, options: status)
                    .run(output, outputEnvironment)
            case .diff(let names): try await compare(names, configuration)
            case .rbac(let user): try await RBACCommand(configuration: configuration, user: user).run(output)
            case .timeline(let format):
                try await TimelineCommand(configuration: configuration, format: format).run(output, outputEnvironment)
            case .graph(let graph):
                try await GraphCommand(configuration: configuration, options: graph).run(output, outputEnvironment)
            case .supervise(let names, let isRepetition):
                try await SuperviseCommand(configuration: configuration, names: names, isRepetition: isRepetition)
                    .run(output)
            case .writeMetrics: try await writeMetrics(configuration)
            case .noteEnd: await noteEnd(configuration)
            case .logs, .check, .units, .certificates, .reset, .initialise, .importing, .report, .explain, .schema,
                .completion, .candidates, .manual:
                preconditionFailure("these commands read the task file themselves, or none")
            }
        } catch let error as Problems {
            if options.isPreparation { return .success }
            // Only names in the arguments can still be wrong.
            output.report(error, as: options.output)
            return .usage
        } catch {
            output.report(error, as: options.output)
            return failureCode
        }
    }

    private func noteEnd(_ configuration: Configuration) async -> ExitCode {
        await ReportCommand.request(configuration.report)
        return .success
    }

    private func writeMetrics(_ configuration: Configuration) async throws(Problem) -> ExitCode {
        try await MetricsWriter(configuration: configuration).write()
        return .success
    }

    /// Writes metrics that say that the task file is invalid, in place of those of the last boot.
    private func writeMetricsOfInvalidFile(_ options: Options) async {
        do throws(Problem) {
            try await MetricsWriter(ofInvalidConfiguration: options).write()
        } catch {
            output.report(warnings: problems(of: error))
        }
    }

    private func perform(_ run: RunOptions, _ configuration: Configuration) async throws -> ExitCode {
        let identifier = makeRunIdentifier()
        let isDryRun = configuration.options.isDryRun
        let sinks = makeSinks(
            for: configuration.options.output,
            isDryRun: isDryRun,
            in: outputEnvironment,
            run: identifier,
            output: output,
            auditJournal: auditJournal(configuration.options),
            manager: manager(configuration.plan),
        )
        let events = EventQueue(sinks, isDryRun: isDryRun)
        return try await withTicking(events, idleLimit: isDryRun ? readerLimit : runLimit) {
            try await RunCommand(
                configuration: configuration,
                options: run,
                events: events,
                output: output,
                identifier: identifier,
            ).run()
        }
    }

    private func compare(_ names: [String], _ configuration: Configuration) async throws -> ExitCode {
        let sink: any EventSink =
            configuration.options.output.isForPrograms
            ? JSONSink(output, as: configuration.options.output, run: makeRunIdentifier(), isDryRun: true)
            : DiffSink(output, isColoured: outputEnvironment.isColoured)
        let events = EventQueue([sink], isDryRun: true)
        return try await withTicking(events, idleLimit: readerLimit) {
            try await DiffCommand(configuration: configuration, names: names, events: events).run()
        }
    }

    /// Logs to the journal what a person does to this node by hand.
    private func auditJournal(_ options: Options) -> JournalQueue.Sender? {
        guard output.journal == nil, !options.isDryRun, options.root == nil, Machine.isRoot else { return nil }
        return Journal.ofThisMachine().map(sender)
    }

    /// Reports to the service manager, if one has started this program.
    private func manager(_ plan: Plan) -> NotifySink? {
        guard Machine.environment()["NOTIFY_SOCKET"] != nil else { return nil }
        let timeouts = plan.steps.map { ($0.task.name, $0.task.timeout) }
        return NotifySink(timeouts: Dictionary(timeouts, uniquingKeysWith: max), send: notifyManager)
    }

    /// Lets the sinks show that time passes while a run goes on, and waits until they have reported everything.
    private func withTicking(
        _ events: EventQueue,
        idleLimit: Duration,
        _ body: @escaping @Sendable () async throws -> ExitCode,
    ) async throws -> ExitCode {
        let result: Result<ExitCode, any Error> = await withTaskGroup(of: Result<ExitCode, any Error>?.self) { group in
            group.addTask {
                do { return .success(try await body()) } catch { return .failure(error) }
            }
            group.addTask {
                while (try? await ContinuousClock().sleep(for: .milliseconds(200))) != nil { events.tick() }
                return nil
            }
            defer { group.cancelAll() }
            while let result = await group.next() {
                if let result { return result }
            }
            preconditionFailure("a run ends before the clock beside it")
        }
        let isStopped = (try? result.get())?.isStopped == true
        events.finish(idleLimit: idleLimit, until: isStopped ? .now + stopLimit : nil)
        return try result.get()
    }
}

/// How long an output may take nothing before the program ends without it: a person may be reading it page by page.
private let readerLimit = Duration.seconds(3600)

/// How long an output may take nothing after the tasks of a run have ended: what started the run waits for its end.
private let runLimit = Duration.seconds(10)

/// How long a program that is stopped goes on writing.
private let stopLimit = Duration.seconds(2)

/// Sends assignments to the service manager; what the program does is more important than its status.
@Sendable private func notifyManager(_ state: String) { _ = try? Systemd.notify(state) }

/// Makes a function that sends entries to the journal.
private func sender(to journal: Journal) -> JournalQueue.Sender {
    @Sendable func send(_ fields: [(String, String)]) throws(SystemError) { try journal.send(fields) }
    return send
}
