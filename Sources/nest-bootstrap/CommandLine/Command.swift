import Base

/// A command of the program: its name, help, flags and implementation.
///
/// A value holds the parsed arguments of one call. Each command is defined in the file of its type, and ``commands``
/// lists the types.
protocol Command: Sendable, Hashable {
    /// The word that selects the command.
    static var name: String { get }

    static var help: CommandHelp { get }

    /// The flags of the command, in the order of its help.
    static var flags: [Flag<Self>] { get }

    /// Whether the help of the program, its manual page and the completions list the command.
    ///
    /// Hidden commands are called by systemd or by the build of the package. CONTRIBUTING.md lists
    /// them; `help COMMAND` shows their help.
    static var isShown: Bool { get }

    /// Creates the command with the default values of its arguments.
    init()

    /// Sets the positional arguments, once the flags have been set.
    ///
    /// - Throws: ``UsageError`` for wrong or missing arguments, and for flags that exclude each other.
    mutating func setArguments(_ names: [String], _ options: Options) throws(UsageError)

    /// Whether the command writes nothing, but shows what would be written.
    var isDryRun: Bool { get }

    /// Whether the command changes the node; if not, it accepts task files that another user could change.
    var acts: Bool { get }

    /// The maximum time to wait for a slow reader of the output after the command has ended.
    var outputLimit: Duration { get }

    /// Performs the command.
    ///
    /// - Throws: ``Base/Problems`` for wrong arguments, other errors if the command cannot continue.
    func run(_ options: Options, in program: Program) async throws -> ExitCode

    /// Returns the completion of the positional arguments.
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
    /// The named tasks; empty for all tasks of the node.
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

/// The commands that the help of the program, its manual page and the completions show.
let shownCommands = commands.filter { $0.isShown }

/// Finds a command by its name.
func findCommand(_ name: String) -> (any Command.Type)? { commands.first { $0.name == name } }
