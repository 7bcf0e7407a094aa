import Base
import Reporting

struct StatusCommand: TaskCommand {
    static let name = "status"

    static let help = CommandHelp(
        summary: "show the state of every task on this boot",
        description: "Shows the state of every task of this node, or of the named ones, on this boot.",
        usage: ["nest-bootstrap status [NAME]... [FLAG]..."],
        details: [
            "The name of a task is followed by how it ended: changed, unchanged, failed, skipped or interrupted; "
                + "'running' while a process runs it, 'not yet' if it has not run, 'waiting' if its service waits for "
                + "another task, 'unknown' if you may not read its record. Then come how long it took, when it ended, "
                + "the objects of the API server that it created, configured, deleted or left unchanged, and the "
                + "state of its service if that is another one than of a task that has ended so."
        ],
        exitCodes: [
            Row("0", "every task succeeded"), Row("1", "a task failed; with '--wait', permanently"),
            Row(
                "3",
                "none failed, but some have not succeeded yet, or are not known; with '--wait', time is up or a unit is masked"
            ),
            .usageError, .wrongTaskFile, Row("143", "'--watch' was ended by SIGTERM or SIGHUP"),
        ],
        examples: ["status", "status --watch", "status --wait 10m", "status calico-crds -o json"],
    )

    static let flags: [Flag<Self>] = [
        Flag(
            "--wait",
            "DURATION",
            "wait until every task has succeeded, DURATION such as 10m is over, or one has failed so that a person has "
                + "to correct the cause"
        ) { (command, _, value) throws(UsageError) in
            guard let limit = parseDuration(value) else {
                throw UsageError("'--wait' is a duration such as 30s, 10m or 1h30m, found '\(value)'")
            }
            command.waitLimit = limit
        },
        Flag(
            "--watch",
            short: "-w",
            "go on until interrupted, and show every change; on a terminal as one view that is redrawn",
            \.isWatching
        ),
        .config, .role, .hostName, .root, .output,
    ]

    var names: [String] = []
    var waitLimit: Duration?

    var isWaiting: Bool { waitLimit != nil }

    var isWatching = false

    // A user who interrupts a watch must not have to wait for a slow reader.
    var outputLimit: Duration { isWatching ? Program.stopLimit : Program.readerLimit }

    mutating func setArguments(_ names: [String], _ options: Options) throws(UsageError) {
        self.names = names.unique()
        if isWaiting, isWatching { throw UsageError("'--wait' and '--watch' are mutually exclusive") }
    }

    func run(_ options: Options, in program: Program) async throws -> ExitCode {
        try await program.withConfiguration(options) { configuration in
            guard isWatching else {
                return try await StatusReport(configuration: configuration, command: self, program: program).run()
            }
            return try await StatusWatch(configuration: configuration, names: names, program: program).run()
        }
    }
}
