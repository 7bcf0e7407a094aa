import Base
import Host
import Planning
import Reporting
import State
import YAML

/// Command `supervise`: what follows when the unit of a task has failed or succeeded.
struct SuperviseCommand {
    let configuration: Configuration
    let names: [String]

    /// Looks at the units of all tasks, or notes how the unit of a task has ended.
    ///
    /// - Throws: ``Base/Problems`` for unknown names, ``Base/SystemError`` if systemd does not answer or the state cannot
    ///   be written.
    func run(_ output: ConsoleOutput) async throws -> ExitCode {
        let supervisor = Supervisor(configuration: configuration)
        guard names.isEmpty else {
            _ = try configuration.plan.selecting(names)
            try await note(supervisor)
            return .success
        }
        if try await Systemd.description(of: healthUnitName) == invalidHealthDescription {
            return try await loadCorrectedFile(output)
        }
        return try await supervisor.judge(ended: [:]) { output.write("\($0)\n") } ? .success : .failure
    }

    /// Notes how tasks have ended: in an `ExecStopPost=` systemd says how, in an `ExecStartPost=` they have succeeded.
    private func note(_ supervisor: Supervisor) async throws {
        let environment = Machine.environment()
        switch environment["SERVICE_RESULT"] {
        case nil: try await supervisor.noteSuccess(of: names)
        // Stopped.
        case "success": break
        default:
            let status = environment["EXIT_STATUS"].flatMap { Int32($0) }
            // The health service, which is started now, prints what follows.
            try await supervisor.judge(ended: Dictionary(names.map { ($0, status) }, uniquingKeysWith: { $1 })) { _ in }
        }
    }

    /// Has the units generated again and started, after the task file was invalid when they were generated.
    private func loadCorrectedFile(_ output: ConsoleOutput) async throws -> ExitCode {
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
        try await Systemd.queue([.start("k8s-bootstrap.target")])
        return .success
    }
}
