import Base
import Host

/// Command `supervise`: reacts to changes of this program's units; called by systemd.
struct SuperviseCommand: Command {
    static let name = "supervise"

    static let help = CommandHelp(
        summary: "report failed and recovered units; systemd calls it",
        description: "Looks at the units of all tasks, for k8s-bootstrap-health.service: starts "
            + "k8s-bootstrap-alert@NAME.service when a task fails for the first time and when it recovers, and a "
            + "timer that starts the failed tasks again, unless their failures are permanent.",
        usage: ["nest-bootstrap supervise [NAME]... [FLAG]..."],
        details: [
            "With names of tasks it reports how their units have just ended: in an ExecStopPost= as systemd says in "
                + "SERVICE_RESULT, otherwise as a success."
        ],
        exitCodes: [
            Row("0", "no unit has failed"), Row("1", "a unit has failed, or was not started"), .usageError,
            .wrongTaskFile,
        ],
        examples: ["supervise", "supervise calico-crds", "supervise -o json"],
        files: [Row("/run/nest-bootstrap/health.json", "the failed tasks, and when they are tried again")],
    )

    static let flags: [Flag<Self>] = [
        .config, .role, .root, .output,
        Flag(
            "--repetition",
            isInternal: true,
            "the task repeats: its success on this boot stays recorded; the units of repetitions call this",
            \.isRepetition
        ),
        .byHand,
        part(
            "--only-metrics",
            .metrics,
            "write the metrics, and look at no unit; k8s-bootstrap--metrics.service calls this"
        ),
        part(
            "--only-report",
            .report,
            "report the state of the node to the cluster; k8s-bootstrap--report.service calls this"
        ),
        part(
            "--tasks-ended",
            .end,
            "have the end of all tasks reported to the cluster; k8s-bootstrap--report-end.service calls this"
        ),
    ]

    static let isShown = false

    private static func part(_ name: String, _ part: Part, _ help: String) -> Flag<Self> {
        Flag(name, isInternal: true, help) { command, _ in command.part = part }
    }

    /// The parts of the work; each call does one part.
    enum Part: Sendable {
        /// Reports failures and recoveries of units.
        case units
        /// Writes the metrics.
        case metrics
        /// Reports the state of the node to the cluster.
        case report
        /// Requests a report to the cluster after all tasks have ended.
        case end
    }

    var part = Part.units

    /// The tasks whose units have just ended; empty to examine all units.
    var names: [String] = []

    /// Whether the unit belongs to a repetition, whose failure does not prevent anything else from running.
    var isRepetition = false

    var acts: Bool { true }

    mutating func setArguments(_ names: [String], _ options: Options) throws(UsageError) {
        if part != .units { try Self.refuse(names, options) }
        self.names = names.unique()
    }

    static func completion(_ completer: Completer) -> Completion { .words(completer.tasks) }

    static func prepareProcess(_ arguments: [String]) {
        if arguments.contains("--only-report") { Confinement.separate() } else { Confinement.leaveMounts() }
    }

    func run(_ options: Options, in program: Program) async throws -> ExitCode {
        switch part {
        case .report: try await ReportService(options: options, output: program.output).run()
        case .end:
            try await program.withConfiguration(options) { configuration in
                await ReportService.request(configuration.report)
                return .success
            }
        case .metrics:
            try await program.withConfiguration(options, isOfUnits: true) { configuration in
                try await MetricsWriter(configuration: configuration).write()
                return .success
            }
        case .units:
            try await program.withConfiguration(options, isOfUnits: true) {
                try await UnitSupervision(configuration: $0, names: names, isRepetition: isRepetition).run(
                    program.output
                )
            }
        }
    }
}
