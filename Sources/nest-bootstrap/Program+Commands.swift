import Base
import Host
import Kubernetes
import Planning
import Reporting
import YAML

/// Performing the commands.
extension Program {
    /// Performs a command, and reports the error that ends it.
    func perform(_ options: Options) async -> ExitCode {
        warnAboutRoot(options)
        do {
            return try await performCommand(options)
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

    /// Warns of a root that does not exist: it may be misspelt, and a run would create it.
    private func warnAboutRoot(_ options: Options) {
        // systemd calls the generator, which writes no files of tasks.
        if case .units = options.command { return }
        guard let root = options.root, !options.output.isForPrograms,
            (try? FileSystem.status(Configuration.absolute(root))) == .some(nil)
        else { return }
        output.report(warnings: [Problem("directory '\(root)' of '--root' does not exist; a run creates it")])
    }

    private func performCommand(_ options: Options) async throws -> ExitCode {
        switch options.command {
        // Commands that read the task file themselves, or none.
        case .schema: print(String(decoding: taskFileSchema().json(), as: UTF8.self) + "\n")
        case .manual(let page, let date): print(page.text(date: date))
        case .completion(let shell): print(shell.script)
        case .candidates(let line): print(candidates(line, options))
        case .explain(let name): ExplainCommand(name: name, format: options.output, output: output).run()
        case .units(let units): UnitsCommand(options: options, units: units, output: output).run()
        case .certificates(let certificates):
            try await CertificatesCommand(options: options, certificates: certificates, output: output).run()
        case .reset(let reset):
            try await ResetCommand(options: options, reset: reset, output: output, catchSignals: catchSignals).run()
        case .initialise(let destination): InitCommand(options: options, destination: destination, output: output).run()
        case .importing(let source):
            await ImportCommand(source: source, environment: options.environment, output: output).run()
        case .logs(let names, let logs): try await LogsCommand(options: options, names: names, logs: logs).run(output)
        case .report: try await ReportCommand(options: options, output: output).run()
        case .check(let version): try await check(version, options)
        // Commands on the configuration of this node, or on all nodes.
        case .status(let names, let status): try await show(status, of: names, options)
        case .graph(let graph): try await draw(graph, options)
        // Commands on the configuration of this node.
        case .run(let run): try await withConfiguration(options) { try await perform(run, $0) }
        case .diff(let names): try await withConfiguration(options) { try await compare(names, $0) }
        case .rbac(let user):
            try await withConfiguration(options) { try await RBACCommand(configuration: $0, user: user).run(output) }
        case .timeline(let format):
            try await withConfiguration(options) {
                try await TimelineCommand(configuration: $0, format: format).run(output, outputEnvironment)
            }
        case .supervise(let names, let isRepetition):
            try await withConfiguration(options) {
                try await SuperviseCommand(configuration: $0, names: names, isRepetition: isRepetition).run(output)
            }
        case .writeMetrics: try await withConfiguration(options) { try await writeMetrics($0) }
        case .noteEnd: try await withConfiguration(options) { await noteEnd($0) }
        }
    }

    /// Reads the task file for a command, or reports what is wrong with it.
    private func withConfiguration(
        _ options: Options,
        _ command: (Configuration) async throws -> ExitCode,
    ) async throws -> ExitCode {
        let configuration: Configuration
        do throws(Problems) {
            configuration = try Configuration(options)
        } catch {
            return await reportInvalidFile(error, options)
        }
        if !options.isSupervision, let absence = Configuration.absence(options) {
            // The unit of a task was made from a task file that is gone.
            if options.isService { return await reportInvalidFile(Problems([absence]), options) }
            output.report(warnings: [absence])
        }
        return try await command(configuration)
    }

    private func reportInvalidFile(_ error: Problems, _ options: Options) async -> ExitCode {
        // The task itself, which comes next, reports it.
        if options.isPreparation { return .success }
        if options.isSupervision { await writeMetricsOfInvalidFile(options) }
        output.report(error, as: options.output, .taskFileWrong)
        guard options.isService else { return .configuration }
        // Every user can read the status, and a problem may show a value of the file.
        let place = error.all.first?.location.map { " (\($0))" } ?? ""
        let status = printable("the task file has a problem\(place), see the journal")
        let notifications = ThreadQueue(notifyManager)
        notifications.append("STATUS=\(status)")
        _ = notifications.drain(idleLimit: Self.stopLimit)
        return .configuration
    }

    /// Prints what programs read.
    private func print(_ data: String) -> ExitCode {
        output.writeData(data)
        return .success
    }

    private func candidates(_ line: String, _ options: Options) -> String {
        let words = shellWords(line, environment: options.environment)
        return Completer(words: words, environment: options.environment).completion.text
    }

    private func check(_ version: KubernetesVersion?, _ options: Options) async throws -> ExitCode {
        guard options.isForAllNodes else {
            return try await CheckCommand(options: options, serverVersion: version).run(output)
        }
        return try await AllNodesCommand(options: options, output: output).check(version)
    }

    private func show(_ status: StatusOptions, of names: [String], _ options: Options) async throws -> ExitCode {
        guard !options.isForAllNodes else {
            return try await AllNodesStatusCommand(options: options, status: status).run(output, outputEnvironment)
        }
        return try await withConfiguration(options) { configuration in
            guard !status.isWatching else {
                return try await WatchCommand(configuration: configuration, names: names, catchSignals: catchSignals)
                    .run(output, outputEnvironment)
            }
            return try await StatusCommand(configuration: configuration, names: names, options: status)
                .run(output, outputEnvironment)
        }
    }

    private func draw(_ graph: GraphOptions, _ options: Options) async throws -> ExitCode {
        guard !options.isForAllNodes else {
            let format = options.output.isForPrograms ? nil : graph.format
            return AllNodesCommand(options: options, output: output).draw(format, columns: outputEnvironment.columns)
        }
        return try await withConfiguration(options) {
            try await GraphCommand(configuration: $0, options: graph).run(output, outputEnvironment)
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
            manager: manager(configuration),
        )
        let events = EventQueue(sinks, isDryRun: isDryRun)
        return try await withTicking(events, idleLimit: isDryRun ? Self.readerLimit : Self.runLimit) {
            try await RunCommand(
                configuration: configuration,
                options: run,
                events: events,
                output: output,
                identifier: identifier,
                catchSignals: catchSignals,
            ).run()
        }
    }

    private func compare(_ names: [String], _ configuration: Configuration) async throws -> ExitCode {
        let sink: any EventSink =
            configuration.options.output.isForPrograms
            ? JSONSink(output, as: configuration.options.output, run: makeRunIdentifier(), isDryRun: true)
            : DiffSink(output, isColoured: outputEnvironment.isColoured)
        let events = EventQueue([sink], isDryRun: true)
        return try await withTicking(events, idleLimit: Self.readerLimit) {
            try await DiffCommand(
                configuration: configuration,
                names: names,
                events: events,
                catchSignals: catchSignals
            )
            .run()
        }
    }

    /// Logs to the journal what a person does to this node by hand.
    private func auditJournal(_ options: Options) -> JournalQueue.Sender? {
        guard output.journal == nil, !options.isDryRun, options.root == nil, Machine.isRoot else { return nil }
        return Journal.ofThisMachine().map { Self.sender(to: $0) }
    }

    /// Reports to the service manager, if one has started this program.
    private func manager(_ configuration: Configuration) -> NotifySink? {
        guard configuration.options.isService else { return nil }
        let timeouts = configuration.plan.steps.map { ($0.task.name, $0.task.timeout) }
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
        events.finish(idleLimit: idleLimit, until: isStopped ? .now + Self.stopLimit : nil)
        return try result.get()
    }
}

/// Sends assignments to the service manager; what the program does is more important than its status.
@Sendable private func notifyManager(_ state: String) { _ = try? Systemd.notify(state) }
