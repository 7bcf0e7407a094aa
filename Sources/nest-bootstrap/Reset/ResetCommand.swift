/// Command `reset`: undoes the changes that the tasks have made on this node.
struct ResetCommand: Command {
    static let name = "reset"

    static let help = CommandHelp(
        summary: "undo what the tasks have made on this node",
        description:
            "Undoes what the tasks of this node have made, on any boot: stops the units of the tasks, runs the "
            + "commands of their key 'reset', and deletes the files, links and empty directories that they have made, "
            + "also those of tasks that are no longer in the task file. Objects of the cluster stay.",
        details: [
            "What somebody has changed since is not deleted, and is listed with the reason. Nor is what a task has "
                + "made whose commands failed. Another 'reset' then goes on.",
            "On a terminal it lists what it would delete, and asks. Otherwise it needs '--yes' or '--dry-run'.",
            "The next boot runs the tasks again, unless the package or the task file is removed first.",
        ],
        exitCodes: [
            Row("0", "everything is undone, except for directories that have other content"),
            Row("1", "something may be left: a path, or what a command undoes that failed or was not run"),
            Row("64", "wrong usage, or standard input is not a terminal"), Row("130, 143", "interrupted, terminated"),
        ],
        examples: ["reset --dry-run", "reset", "reset --yes --output json"],
    )

    static let flags: [Flag<Self>] = [
        Flag("--yes", "delete without a question", \.isConfirmed),
        Flag(
            "--run-commands",
            "run reset commands also with '--root': they run on this machine, with DIR in NEST_ROOT",
            \.runsCommandsWithRoot
        ),
        Flag("--dry-run", "show what would be deleted, delete nothing", \.isDryRun),
        .config, .role, .hostName, .root, .output,
    ]

    var isDryRun = false
    var isConfirmed = false
    var runsCommandsWithRoot = false

    var acts: Bool { !isDryRun }

    mutating func setArguments(_ names: [String], _ options: Options) throws(UsageError) {
        try Self.refuse(names)
        guard !runsCommandsWithRoot || options.root != nil else {
            throw UsageError("'--run-commands' requires '--root DIR'")
        }
    }

    func run(_ options: Options, in program: Program) async throws -> ExitCode {
        try await NodeReset(options: options, command: self, program: program).run()
    }
}
