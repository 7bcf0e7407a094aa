import Base

/// A command of the program; a value holds the parsed arguments of one call.
///
/// A new command is a type in a separate file and an entry in ``commands``.
protocol Command: Sendable, Hashable {
    static var name: String { get }
    static var help: CommandHelp { get }

    /// The flags in the order of the help.
    static var flags: [Flag<Self>] { get }

    /// Whether the help of the program, its manual page and the completions list the command.
    ///
    /// Hidden commands are not for users; CONTRIBUTING.md lists them.
    static var isShown: Bool { get }

    init()

    /// Sets the positional arguments, and checks them together with the flags, which have already been set.
    mutating func setArguments(_ names: [String], _ options: Options) throws(UsageError)

    /// Whether the command only shows the changes that it would make.
    var isDryRun: Bool { get }

    /// Whether the command makes changes, and therefore refuses task files that another user could change.
    var acts: Bool { get }

    /// The maximum time for which the output may accept no data after the command has ended.
    var outputLimit: Duration { get }

    /// Performs the command.
    ///
    /// - Throws: Any error. ``Base/Problems`` and ``UsageError`` mean wrong arguments, and lead to exit code 64.
    func run(_ options: Options, in program: Program) async throws -> ExitCode

    /// Completes a positional argument.
    static func completion(_ completer: Completer) -> Completion
}

extension Command {
    static var isShown: Bool { true }
    var isDryRun: Bool { false }
    var acts: Bool { false }
    var outputLimit: Duration { Program.readerLimit }

    mutating func setArguments(_ names: [String], _ options: Options) throws(UsageError) {
        try Self.refuse(names)
    }

    static func completion(_ completer: Completer) -> Completion { .words([]) }
}

/// A command whose positional arguments are names of tasks.
protocol TaskCommand: Command {
    /// The names of the selected tasks; an empty list selects everything.
    var names: [String] { get set }
}

extension TaskCommand {
    mutating func setArguments(_ names: [String], _ options: Options) throws(UsageError) {
        self.names = names.unique()
    }

    static func completion(_ completer: Completer) -> Completion { .words(completer.tasks) }
}

/// All commands, in the order of the help.
let commands: [any Command.Type] = [
    UpCommand.self, RunCommand.self, DiffCommand.self, StatusCommand.self, LogsCommand.self, TimelineCommand.self,
    CheckCommand.self, DoctorCommand.self,
    GraphCommand.self, RBACCommand.self, CertificatesCommand.self, ResetCommand.self, InitCommand.self,
    ImportCommand.self, ExplainCommand.self, SchemaCommand.self, CompletionCommand.self, UnitsCommand.self,
    SuperviseCommand.self, ManualCommand.self,
]

let shownCommands = commands.filter { $0.isShown }

func findCommand(_ name: String) -> (any Command.Type)? { commands.first { $0.name == name } }
