/// Command `explain`: the meaning of the keys of the task file.
struct ExplainCommand: Command {
    static let name = "explain"

    static let help = CommandHelp(
        summary: "explain a key of the task file",
        description:
            "Prints what a key of the task file means, its type, its default and the keys below it. "
            + "Without an argument it lists the sections of the file.",
        usage: ["nest-bootstrap explain [KEY] [FLAG]..."],
        details: [
            "KEY is the place of the key, with dots between its parts, or the end of it: 'wait' is the verb, "
                + "'apply.wait' the key of 'apply'. The names of tasks, nodes and others may be in it, also as its last "
                + "part: 'tasks.calico-crds'. With '--output json' each key is one JSON object."
        ],
        exitCodes: [Row("0", "printed"), Row("64", "wrong usage, or no such key")],
        examples: ["explain", "explain apply", "explain tasks.NAME.timeout"],
        files: [],
    )

    static let flags: [Flag<Self>] = [.output]

    /// The path of a key, or the last components of a path; `nil` for an overview of the sections.
    var key: String?

    mutating func setArguments(_ names: [String], _ options: Options) throws(UsageError) {
        if names.count > 1 { throw UsageError("'explain' takes one key: unexpected argument '\(names[1])'") }
        key = names.first
    }

    static func completion(_ completer: Completer) -> Completion {
        .words(completer.isFirstName ? completer.keys : [])
    }

    func run(_ options: Options, in program: Program) async throws -> ExitCode {
        KeyExplanation(name: key, format: options.output, output: program.output).run()
    }
}
