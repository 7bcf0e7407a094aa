import Base
import Host
import Planning
import Reporting

/// Command `supervise`: reacts to changes of this program's units; called by systemd.
struct SuperviseCommand: Command {
    static let name = "supervise"

    static let help = CommandHelp(
        summary: "report failed and recovered units; systemd calls it",
        description: "Looks at the units of all tasks, for k8s-bootstrap-health.service: starts "
            + "k8s-bootstrap-alert@NAME.service when a task fails for the first time and when it recovers, and the "
            + "failed tasks again, with growing pauses.",
        exitCodes: [
            Row("0", "no unit has failed"), Row("1", "a unit has failed, or was not started"), .usageError,
            .wrongTaskFile,
        ],
        examples: ["supervise", "supervise --role worker", "supervise --only-metrics"],
    )

    static let flags: [Flag<Self>] = [
        .config, .role, .root,
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
    ]

    static let isShown = false

    private static func part(_ name: String, _ part: Part, _ help: String) -> Flag<Self> {
        Flag(name, nil, isInternal: true, help) { command, _, _ in command.part = part }
    }

    /// The parts of the work; each call does one part.
    enum Part: Sendable {
        case units
        case metrics
        case report
    }

    var part = Part.units

    var acts: Bool { true }

    func run(_ options: Options, in program: Program) async throws -> ExitCode {
        switch part {
        case .report:
            try await NodeReporter.serve(options, program.output)
            return .success
        case .metrics:
            return try await program.withConfiguration(options, isOfUnits: true) { configuration in
                try await MetricsWriter(options: options, configuration: configuration).write()
                return .success
            }
        case .units:
            return try await program.withConfiguration(options, isOfUnits: true) {
                try await examine($0, program.output)
            }
        }
    }

    /// Examines the units of all tasks.
    private func examine(_ configuration: Configuration, _ output: ConsoleOutput) async throws -> ExitCode {
        if try await Systemd.description(of: healthUnitName) == invalidHealthDescription {
            return try await loadCorrectedFile(configuration, output)
        }
        await MetricsWriter(options: configuration.options, configuration: configuration).write(orWarn: output)
        return try await Supervisor(configuration: configuration).judge { output.write("\($0)\n") }
            ? .success : .failure
    }

    /// Regenerates and starts the units after a task file that was invalid at their generation has been corrected.
    private func loadCorrectedFile(_ configuration: Configuration, _ output: ConsoleOutput) async throws -> ExitCode {
        try await Systemd.reload()
        guard try await Systemd.description(of: healthUnitName) != invalidHealthDescription else {
            output.report(
                Problem(
                    "the task file is valid for this service but not for the systemd generator",
                    hint: "if NEST_ROLE is set, set it in the manager's environment too",
                )
            )
            return .configuration
        }
        try await Systemd.queue([.stop(healthTimerName), .start(targetName)])
        return .success
    }
}
