import Actions
import Base
import HTTP
import Host
import Planning
import Reporting

struct RunCommand: Command {
    static let name = "run"

    static let help = CommandHelp(
        summary: "run this node's plan, or some of its tasks",
        description: "Brings the node to the state that the task file describes: runs every task of the node's "
            + "roles as soon as the task's dependencies have succeeded. What already matches is left alone.",
        details: [
            "One task that '--task' names runs as its unit runs it at boot, in the same sandbox. Several tasks run in "
                + "one process, which is not in a sandbox itself. If the unit of a task had failed, it is active "
                + "some seconds later, without repeating the work.",
            "Results and progress go to standard output, warnings and errors to standard error; under systemd everything "
                + "goes to the journal instead. With '--output json' standard output has one JSON object a line, errors "
                + "included.",
        ],
        exitCodes: [
            Row("0", "every task succeeded"), Row("1", "a task failed, or output was lost"), .usageError,
            Row("75", "a dependency of a named task has not succeeded yet; retry later"), .wrongTaskFile,
            Row("130, 143", "interrupted, terminated"),
        ],
        examples: ["run", "run --task calico-ip-pool --with-dependencies", "run --dry-run -o json"],
    )

    static let flags: [Flag<Self>] = [
        Flag(
            "--task",
            "NAME",
            "run only this task; may be given several times. Its dependencies must have succeeded on this boot",
            \.tasks
        ),
        Flag(
            "--with-dependencies",
            "first run the dependencies of the named tasks that have not succeeded on this boot",
            \.withDependencies
        ),
        Flag("--dry-run", "show what would be created and changed, write nothing", \.isDryRun),
        .config, .role, .hostName, .root, .output,
        Flag(
            "--confined",
            isInternal: true,
            "the process runs in the sandbox of the task; 'run' calls this",
            \.isConfined
        ),
        Flag("--part", "PART", isInternal: true, "do only this of the task; 'run' calls this") {
            (command, _, value) throws(UsageError) in
            command.part = try choice("part", value) as NetworkPart
        },
        Flag(
            "--repetition",
            isInternal: true,
            "the task repeats: its success on this boot stays recorded; the units of repetitions call this",
            \.isRepetition
        ),
    ]

    /// The named tasks; empty for all tasks of the node.
    var tasks: [String] = []
    var withDependencies = false
    var isDryRun = false
    var isConfined = false
    var part: NetworkPart?
    var isRepetition = false

    var acts: Bool { !isDryRun }

    // A caller such as systemd may wait for the end of a real run.
    var outputLimit: Duration { isDryRun ? Program.readerLimit : Program.runLimit }

    mutating func setArguments(_ names: [String], _ options: Options) throws(UsageError) {
        try Self.refuse(names, hint: "use \(quotedShellLine(["--task", names.first ?? "NAME"]))")
        if tasks.isEmpty, withDependencies { throw UsageError("'--with-dependencies' requires '--task NAME'") }
    }

    func run(_ options: Options, in program: Program) async throws -> ExitCode {
        try await program.withConfiguration(options) { try await run($0, in: program) }
    }

    private func run(_ configuration: Configuration, in program: Program) async throws -> ExitCode {
        let identifier = makeRunIdentifier()
        let output = program.output
        let sinks = makeSinks(
            for: configuration.options.output,
            isDryRun: isDryRun,
            in: program.outputEnvironment,
            run: identifier,
            output: output,
            auditJournal: auditJournal(configuration.options, output),
            manager: configuration.options.isService ? NotifySink(send: notifyManager) : nil,
        )
        let events = EventQueue(sinks, isDryRun: isDryRun)
        return try await program.withTicking(events, idleLimit: outputLimit) {
            try await PlanRun(
                configuration: configuration,
                command: self,
                events: events,
                identifier: identifier,
                program: program,
            ).run()
        }
    }

    /// Returns the journal for entries about a run that changes this machine, or `nil` if it is already the output.
    private func auditJournal(_ options: Options, _ output: ConsoleOutput) -> JournalQueue.Sender? {
        guard output.journal == nil, !isDryRun, options.root == nil, Machine.isRoot || isConfined else {
            return nil
        }
        return Journal.ofThisMachine().map { $0.send }
    }
}
