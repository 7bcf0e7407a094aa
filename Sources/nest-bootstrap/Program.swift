import Base
import Host
import Reporting

/// One invocation of the program, from its arguments to its exit code.
struct Program {
    private let arguments: [String]

    /// What the arguments ask for, or why they are not understood.
    private let invocation: Result<Invocation, UsageError>

    let output: ConsoleOutput
    let outputEnvironment: OutputEnvironment
    let catchSignals: SignalCatcher

    /// How long an output may take nothing before the program ends without it: a person may be reading it page by page.
    static let readerLimit = Duration.seconds(3600)

    /// How long an output may take nothing after the tasks of a run have ended: what started the run waits for its end.
    static let runLimit = Duration.seconds(10)

    /// How long a program that is stopped goes on writing.
    static let stopLimit = Duration.seconds(2)

    /// Prepares an invocation with the environment, the outputs and the signals of this process.
    init(arguments: [String]) {
        let environment = Machine.environment()
        let outputEnvironment = OutputEnvironment(environment: environment)
        let output = ConsoleOutput(
            journal: Journal().map { JournalQueue(Self.sender(to: $0)) },
            isUTF8: outputEnvironment.isUTF8
        )
        self.init(
            arguments: arguments,
            environment: environment,
            output: output,
            outputEnvironment: outputEnvironment,
        ) { () throws(SystemError) in
            try Signals.interruptions()
        }
    }

    /// Prepares an invocation with a given environment, outputs and signals, for tests.
    init(
        arguments: [String],
        environment: [String: String],
        output: ConsoleOutput,
        outputEnvironment: OutputEnvironment,
        catchSignals: @escaping SignalCatcher,
    ) {
        self.arguments = arguments
        let invocation = Result { () throws(UsageError) in
            let invocation = try parseArguments(arguments)
            guard case .perform(var options) = invocation else { return invocation }
            options.environment = environment
            return .perform(options)
        }
        self.invocation = invocation
        self.output = output
        self.catchSignals = catchSignals
        if case .success(.perform(let options)) = invocation, options.isPlain {
            self.outputEnvironment = outputEnvironment.plain
        } else {
            self.outputEnvironment = outputEnvironment
        }
    }

    /// Performs the command of the arguments.
    func run() async -> ExitCode {
        let (code, idleLimit) = await answer()
        // A program that is stopped ends, whether or not its output is read.
        output.flush(idleLimit: idleLimit, until: code.isStopped ? .now + Self.stopLimit : nil)
        // Fail if output was lost.
        guard let failure = output.failure else { return code }
        output.report(failure)
        output.flush(idleLimit: .milliseconds(200))
        return [.success, .failure].contains(code) ? failureCode : code
    }

    /// Performs what the arguments ask for, and returns how long its output may then wait for a reader.
    private func answer() async -> (ExitCode, Duration) {
        switch invocation {
        case .success(.help(let command)):
            output.write(helpText(command))
            return (.success, Self.readerLimit)
        case .success(.version):
            output.write(versionText)
            return (.success, Self.readerLimit)
        case .success(.perform(let options)):
            return (await perform(options), Self.idleLimit(after: options.command))
        case .failure(let error):
            output.report(error, as: wantedOutput(arguments))
            return (.usage, Self.readerLimit)
        }
    }

    /// How long the output of a command may wait for a reader when the command has ended.
    private static func idleLimit(after command: Command) -> Duration {
        switch command {
        // It was interrupted by a person, who does not wait for a reader.
        case .status(_, let status) where status.isWatching: stopLimit
        case .run(let run) where !run.isDryRun: runLimit
        default: readerLimit
        }
    }

    /// The exit code of a failure that is not one of a task.
    var failureCode: ExitCode {
        guard case .success(.perform(let options)) = invocation, case .diff = options.command else { return .failure }
        return .trouble
    }

    /// Makes a function that sends entries to the journal.
    static func sender(to journal: Journal) -> JournalQueue.Sender {
        @Sendable func send(_ fields: [(String, String)]) throws(SystemError) { try journal.send(fields) }
        return send
    }
}
