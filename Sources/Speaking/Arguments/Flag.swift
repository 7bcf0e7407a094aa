/// A flag that the program knows.
struct Flag: Sendable {
    /// The name as it is typed, with its two dashes.
    let name: String

    /// What stands for its value in messages, or `nil` if it takes none.
    let value: String?

    /// The commands that have it.
    let commands: [CommandName]

    /// Whether it may stand several times.
    let isRepeatable: Bool

    init(_ name: String, _ value: String? = nil, of commands: [CommandName], isRepeatable: Bool = false) {
        self.name = name
        self.value = value
        self.commands = commands
        self.isRepeatable = isRepeatable
    }

    /// Every flag but `--help` and `--version`, which end the parsing.
    static let all = [
        Flag("--config", "FILE", of: CommandName.allCases),
        Flag("--output", "FORMAT", of: CommandName.allCases),
        Flag("--role", "ROLE", of: CommandName.allCases),
        Flag("--root", "DIR", of: CommandName.allCases),
        Flag("--task", "NAME", of: [.run], isRepeatable: true),
        Flag("--with-dependencies", of: [.run]),
        Flag("--dry-run", of: [.run]),
        Flag("--only-directories", of: [.run]),
        Flag("--format", "FORMAT", of: [.graph]),
    ]
}

/// A flag as it stands in the arguments.
struct GivenFlag {
    let flag: Flag
    let value: String
}
