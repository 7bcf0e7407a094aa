import Actions
import Execution
import HTTP
import Host
import Planning
import Speaking
import YAML

/// One call of the program, from its arguments to its exit code.
struct Program {
    let arguments: [String]
    private let outlet: Outlet
    private let surroundings = Surroundings(environment: Machine.environment())

    init(arguments: [String]) {
        self.arguments = arguments
        outlet = Outlet(journal: Journal().map(sender))
    }

    /// Does what the arguments ask for.
    func run() async -> ExitCode {
        let code = await answer()
        // Who redirects the output to a full disk must not take what is there for all.
        guard let failure = outlet.failure else { return code }
        outlet.tell(failure)
        return code == .success ? .failure : code
    }

    private func answer() async -> ExitCode {
        let invocation: Invocation
        do {
            invocation = try parseArguments(arguments)
        } catch {
            outlet.tell(error, as: wantedOutput(arguments))
            return .usage
        }
        switch invocation {
        case .help(let command):
            outlet.write(helpText(command))
            return .success
        case .version:
            outlet.write(versionText)
            return .success
        case .perform(let options):
            return await perform(options)
        }
    }

    private func perform(_ options: Options) async -> ExitCode {
        if case .units(let units) = options.command {
            return UnitsCommand(options: options, units: units, outlet: outlet).run()
        }
        do {
            let configuration: Configuration
            do {
                configuration = try Configuration(options)
            } catch {
                // The task itself, which comes next, tells it.
                if options.onlyDirectories { return .configuration }
                outlet.tell(error, as: options.output, .taskFileWrong)
                _ = try? Systemd.notify("STATUS=\(printable(error.all.first?.description ?? ""))")
                return .configuration
            }
            return switch options.command {
            case .run(let run): try await perform(run, configuration)
            case .status(let names):
                try await StatusCommand(configuration: configuration, names: names).run(outlet, surroundings)
            case .check: try await CheckCommand(configuration: configuration).run(outlet)
            case .graph(let format): draw(configuration.plan, as: options.output == .json ? nil : format)
            case .units: preconditionFailure("units are written before the task file is read")
            }
        } catch let error as Diagnostics {
            if options.onlyDirectories { return .usage }
            // Only names in the arguments are left to be wrong.
            outlet.tell(error, as: options.output)
            return .usage
        } catch {
            outlet.tell(error, as: options.output)
            return .failure
        }
    }

    private func perform(_ run: RunOptions, _ configuration: Configuration) async throws -> ExitCode {
        let identifier = makeRunIdentifier()
        let records = configuration.options.isDryRun ? nil : try configuration.records()
        let sink = makeSink(
            for: configuration.options,
            in: surroundings,
            run: identifier,
            outlet: outlet,
            journal: outlet.journal,
            diary: diary(configuration.options),
            manager: manager(configuration.plan),
            attempt: { records?.nextAttempt(of: $0) },
        )
        return try await withTicking(sink) {
            try await RunCommand(
                configuration: configuration,
                options: run,
                sink: sink,
                outlet: outlet,
                identifier: identifier,
            ).run()
        }
    }

    /// Notes in the journal what somebody does to this node by hand.
    private func diary(_ options: Options) -> JournalSink.Sender? {
        guard outlet.journal == nil, !options.isDryRun, options.root == nil, Machine.isRoot else { return nil }
        return Journal.ofThisMachine().map(sender)
    }

    /// Tells the service manager, where one has started this program, how its task is doing.
    private func manager(_ plan: Plan) -> NotifySink? {
        guard Machine.environment()["NOTIFY_SOCKET"] != nil else { return nil }
        let timeouts = plan.steps.map { ($0.task.name, $0.task.timeout) }
        return NotifySink(timeouts: Dictionary(timeouts, uniquingKeysWith: max)) { state in
            // Nobody to tell is no reason not to do the task.
            _ = try? Systemd.notify(state)
        }
    }

    /// Shows the sink that time passes while something runs.
    private func withTicking(
        _ sink: any EventSink,
        _ body: @escaping @Sendable () async throws -> ExitCode,
    ) async throws -> ExitCode {
        try await withThrowingTaskGroup(of: ExitCode?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                while (try? await ContinuousClock().sleep(for: .milliseconds(200))) != nil { sink.tick() }
                return nil
            }
            defer {
                group.cancelAll()
                sink.finish()
            }
            while let code = try await group.next() {
                if let code { return code }
            }
            return .failure
        }
    }

    private func draw(_ plan: Plan, as format: PictureFormat?) -> ExitCode {
        switch format {
        case nil: outlet.write(plan.jsonPicture())
        case .text: outlet.write(plan.textPicture())
        case .dot: outlet.write(plan.dotPicture())
        case .mermaid: outlet.write(plan.mermaidPicture())
        }
        return .success
    }
}

/// What hands entries to the journal.
private func sender(to journal: Journal) -> JournalSink.Sender {
    @Sendable func send(_ fields: [(String, String)]) throws(SystemError) { try journal.send(fields) }
    return send
}
