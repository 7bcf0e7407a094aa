/// A command of the program: its name, its help, its flags, and what it does.
///
/// A value has what the arguments of one call say. Everything about a command is in the file of its type, and ``commands``
/// lists the types.
protocol Command: Sendable, Hashable {
    /// The word that calls it.
    static var name: String { get }

    static var help: CommandHelp { get }

    /// Its flags, in the order of the help.
    static var flags: [Flag<Self>] { get }

    /// Whether the help of the program shows it; the build of the package calls the others.
    static var isShown: Bool { get }

    /// The format of its output, if it has no choice of formats.
    static var onlyFormat: String? { get }

    /// The exit code of an error that is not one of a task.
    static var failureCode: ExitCode { get }

    /// Creates the command of a call without arguments.
    init()

    /// Takes the arguments that are no flags, once the flags have been set.
    ///
    /// - Parameters:
    ///   - names: The arguments.
    ///   - options: The flags that several commands have.
    /// - Throws: ``UsageError`` for what is wrong or missing, and for flags that exclude each other.
    mutating func take(_ names: [String], _ options: Options) throws(UsageError)

    /// Whether it writes nothing, but shows what would be written.
    var isDryRun: Bool { get }

    /// Whether it does what the task files say; others only look, and may look at files of anybody.
    var acts: Bool { get }

    /// How long its output may wait for a reader when it has ended.
    var outputLimit: Duration { get }

    /// Performs it.
    ///
    /// - Parameters:
    ///   - options: The flags that several commands have, and the environment.
    ///   - program: The outputs and signals of the process.
    /// - Returns: The exit code.
    /// - Throws: ``Base/Problems`` for arguments that are wrong, other errors for what ends it.
    func run(_ options: Options, in program: Program) async throws -> ExitCode

    /// Changes the process before it has a second thread, for a command that runs in a unit.
    ///
    /// - Parameter arguments: The arguments of the program, which are not parsed yet.
    static func prepareProcess(_ arguments: [String])

    /// Finds what may be typed as an argument that is no flag.
    static func completion(_ completer: Completer) -> Completion
}

extension Command {
    static var isShown: Bool { true }
    static var onlyFormat: String? { nil }
    static var failureCode: ExitCode { .failure }
    var isDryRun: Bool { false }
    var acts: Bool { false }
    var outputLimit: Duration { Program.readerLimit }

    mutating func take(_ names: [String], _ options: Options) throws(UsageError) {
        try Self.refuse(names, options)
    }

    static func prepareProcess(_ arguments: [String]) {}
    static func completion(_ completer: Completer) -> Completion { .words([]) }
}

/// All commands, in the order of the help.
let commands: [any Command.Type] = [
    RunCommand.self, DiffCommand.self, StatusCommand.self, LogsCommand.self, TimelineCommand.self, CheckCommand.self,
    GraphCommand.self, RBACCommand.self, CertificatesCommand.self, ResetCommand.self, InitCommand.self,
    ImportCommand.self, ExplainCommand.self, SchemaCommand.self, CompletionCommand.self, UnitsCommand.self,
    SuperviseCommand.self, ManualCommand.self,
]

/// The commands that the help of the program shows.
let shownCommands = commands.filter { $0.isShown }

/// Finds a command by its name.
func findCommand(_ name: String) -> (any Command.Type)? { commands.first { $0.name == name } }
