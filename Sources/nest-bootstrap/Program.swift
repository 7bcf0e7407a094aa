import Base
import Host
import Reporting

/// One invocation of the program, from its arguments to its exit code.
struct Program {
    private let arguments: [String]

    private let invocation: Result<Invocation, UsageError>

    let output: ConsoleOutput
    let outputEnvironment: OutputEnvironment
    let catchSignals: SignalCatcher

    /// The maximum time for which an output may accept no data; long enough for reading page by page.
    static let readerLimit = Duration.seconds(3600)

    /// The maximum time for which an output may accept no data after a real run, whose caller may wait for its end.
    static let runLimit = Duration.seconds(10)

    /// The maximum time to wait for remaining output after a signal, or for stalled output after a watch.
    static let stopLimit = Duration.seconds(2)

    init(
        arguments: [String],
        environment: [String: String] = Machine.environment(),
        output: ConsoleOutput? = nil,
        outputEnvironment: OutputEnvironment? = nil,
        catchSignals: @escaping SignalCatcher = { () throws(SystemError) in try Signals.interruptions() },
    ) {
        let outputEnvironment = outputEnvironment ?? OutputEnvironment(environment: environment)
        self.arguments = arguments
        self.outputEnvironment = outputEnvironment
        self.catchSignals = catchSignals
        invocation = Result { () throws(UsageError) in try parseArguments(arguments, environment: environment) }
        self.output =
            output
            ?? ConsoleOutput(
                journal: Journal().map { JournalQueue($0.send) },
                problemView: .onTerminal(outputEnvironment, root: givenOptions(arguments).root)
            )
    }

    /// Performs the invocation, or reports why the process could not be prepared.
    func run(after preparation: Result<Void, SystemError> = .success(())) async -> ExitCode {
        var (code, idleLimit) = await answer(after: preparation)
        output.flush(idleLimit: idleLimit, until: code.isStopped ? .now + Self.stopLimit : nil)
        // Lost output turns success, and a difference that `diff` found, into an error.
        if let failure = output.failure {
            output.report(failure)
            output.flush(idleLimit: .milliseconds(200))
            if code == .success || code == .failure { code = failureCode }
        }
        guard code == .failure, case .success(.perform(let command as RunCommand, _)) = invocation else { return code }
        // In a sandbox, code 1 is reserved for errors of Bubblewrap itself.
        return command.isConfined ? .trouble : code
    }

    /// Performs the invocation, and returns its exit code and the time for which its output may accept no data.
    private func answer(after preparation: Result<Void, SystemError>) async -> (ExitCode, Duration) {
        if case .failure(let error) = preparation {
            output.report(error)
            return (.failure, Self.runLimit)
        }
        switch invocation {
        case .success(.help(let command)):
            output.write(helpText(command))
            return (.success, Self.readerLimit)
        case .success(.version):
            output.write(versionText)
            return (.success, Self.readerLimit)
        case .success(.perform(let command, let options)):
            return (await perform(command, options), command.outputLimit)
        case .failure(let error):
            output.report(error, as: givenOptions(arguments).output)
            return (.usage, Self.readerLimit)
        }
    }

    /// The exit code for lost output, and for errors that have no specific exit code.
    private var failureCode: ExitCode {
        if case .success(.perform(is DiffCommand, _)) = invocation { .trouble } else { .failure }
    }

    private func perform(_ command: any Command, _ options: Options) async -> ExitCode {
        if let root = options.root, !options.output.isForPrograms,
            (try? FileSystem.exists("\(Configuration.absolute(root))/.")) == false
        {
            let message = "directory '\(root)' of '--root' does not exist"
            output.report(warnings: [Problem(message, hint: "correct it if it is misspelt; a run creates it")])
        }
        do {
            return try await command.run(options, in: self)
        } catch let refusal as Refusal {
            let kind = refusal.code == .configuration ? MessageID.taskFileWrong : .programFailed
            output.report(refusal.problems, as: options.output, kind)
            return refusal.code
        } catch {
            output.report(error, as: options.output)
            // Problems in files are thrown as `Refusal`, so other `Problems` are about names in the arguments.
            return error is Problems || error is UsageError ? .usage : failureCode
        }
    }

    /// Calls a command with the configuration, or throws ``Refusal`` with the problems in the task files.
    ///
    /// `isOfUnits` is set for services that supervise tasks or write metrics. For them, the absence of the default task
    /// file is not a problem, and invalid task files are reported in the metrics too.
    func withConfiguration(
        _ options: Options,
        isOfUnits: Bool = false,
        _ command: (Configuration) async throws -> ExitCode,
    ) async throws -> ExitCode {
        let configuration: Configuration
        do throws(Problems) {
            configuration = try Configuration(options)
            if !isOfUnits, let absence = Configuration.absence(options) {
                // The task files from which the unit was generated are gone.
                if options.isService { throw Problems([absence]) }
                output.report(warnings: [absence])
            }
        } catch {
            if isOfUnits { await MetricsWriter(options: options, configuration: nil).write(orWarn: output) }
            if options.isService {
                // Every user can read the status, and a problem may quote a value from the file.
                let place = error.all.first?.location.map { " (\($0))" } ?? ""
                notifyManager("STATUS=\(printable("the task file has a problem\(place), see the journal"))")
            }
            throw Refusal(problems: error, code: .configuration)
        }
        return try await command(configuration)
    }

    /// Calls a function while the sinks update displayed times, and then lets the sinks report the remaining events.
    func withTicking(
        _ events: EventQueue,
        idleLimit: Duration,
        _ body: @escaping @Sendable () async throws -> ExitCode,
    ) async throws -> ExitCode {
        let result: Result<ExitCode, any Error>
        do {
            // The ticks are cancelled at the end of the block.
            async let _: Void = Self.tick(events)
            result = .success(try await body())
        } catch {
            result = .failure(error)
        }
        let isStopped = (try? result.get())?.isStopped == true
        events.finish(idleLimit: idleLimit, until: isStopped ? .now + Self.stopLimit : nil)
        return try result.get()
    }

    private static func tick(_ events: EventQueue) async {
        while (try? await ContinuousClock().sleep(for: .milliseconds(200))) != nil { events.tick() }
    }
}

/// Problems that end a command with a specific exit code.
struct Refusal: Error {
    let problems: Problems
    let code: ExitCode
}

/// Returns a value, or throws its problems as ``Refusal`` with an exit code.
func accepted<Value>(
    _ value: @autoclosure () throws(Problems) -> Value,
    orExitWith code: ExitCode = .configuration
) throws(Refusal) -> Value {
    do throws(Problems) {
        return try value()
    } catch {
        throw Refusal(problems: error, code: code)
    }
}

/// Sends a state to the service manager; errors are ignored, because nothing depends on the state.
@Sendable func notifyManager(_ state: String) { _ = try? Systemd.notify(state) }

/// A function that catches interrupting signals until its stream is released.
typealias SignalCatcher = @Sendable () throws(SystemError) -> AsyncStream<Int32>

/// Calls a function, and cancels it at the first signal, which is returned with the result.
///
/// Later caught signals have no effect, so that the cancelled function can stop its child processes and write its
/// records. `SIGQUIT` is not caught, and ends the program at once.
func interruptible<Value: Sendable>(
    by signals: AsyncStream<Int32>,
    _ body: @escaping @Sendable () async -> Value,
) async -> (Value, signal: Int32?) {
    defer { withExtendedLifetime(signals) {} }
    let work = Task { await body() }
    let interruption = Task {
        let signal = await signals.first { _ in true }
        if signal != nil { work.cancel() }
        return signal
    }
    let value = await work.value
    interruption.cancel()
    return (value, await interruption.value)
}
