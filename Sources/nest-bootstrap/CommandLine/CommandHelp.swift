/// The help of a command, without its flags.
struct CommandHelp: Sendable {
    /// What the command does, in a few words.
    var summary: String
    /// What the command does, in sentences.
    var description: String
    /// How it is called.
    var usage: [String]
    /// Further paragraphs.
    var details: [String] = []
    var exitCodes: [Row]
    /// Calls with their arguments.
    var examples: [String]
    /// The files that it reads or writes.
    var files: [Row]
}

extension Row {
    /// The files that every command reads.
    static let taskFiles = [
        Row("/etc/nest-bootstrap/bootstrap.yaml", "the task file"),
        Row("/etc/nest-bootstrap/bootstrap.d/*.yaml", "drop-ins, in name order"),
    ]

    static let record = Row(
        "/run/nest-bootstrap/tasks/NAME/record.json",
        "how task NAME ended on this boot"
    )
    static let usageError = Row("64", "wrong usage")
    static let wrongTaskFile = Row("78", "the task file is wrong")
}
