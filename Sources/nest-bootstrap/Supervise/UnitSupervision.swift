import Actions
import Base
import Execution
import Host
import Planning
import Reporting
import State
import YAML

/// The reactions to units of tasks that have failed or succeeded.
struct UnitSupervision {
    let configuration: Configuration
    let names: [String]
    /// Whether the unit is that of a repetition: its failure keeps nothing else from running.
    let isRepetition: Bool

    /// Looks at the units of all tasks, or notes how the unit of a task has ended.
    ///
    /// - Throws: ``Base/Problems`` for unknown names, ``Base/SystemError`` if systemd does not answer or the state cannot
    ///   be written.
    func run(_ output: ConsoleOutput) async throws -> ExitCode {
        let supervisor = Supervisor(configuration: configuration)
        guard names.isEmpty else {
            let tasks = try configuration.plan.selecting(names).steps.map(\.task)
            var isComplete = true
            for task in tasks where await !complete(task, output) { isComplete = false }
            await forgetCommands(of: tasks, output)
            // The failure is noted, and metrics are written, when the unit has ended.
            if !isComplete, !hasEnded { return .failure }
            if !hasEnded { await writeMetrics(output) }
            do {
                if isRepetition { try await noteRepetition() } else { try await note(tasks, supervisor) }
            } catch {
                // How the task has ended does not depend on it. What could not be done now is done when the next task ends.
                output.report(error, as: configuration.options.output)
            }
            if hasEnded { await writeMetrics(output) }
            return isComplete ? .success : .failure
        }
        if try await Systemd.description(of: healthUnitName) == invalidHealthDescription {
            return try await loadCorrectedFile(output)
        }
        await forgetCommands(of: configuration.plan.steps.map(\.task), output)
        await writeMetrics(output)
        return try await supervisor.judge(ended: [:], keepsLock: true) { output.write("\($0)\n") } ? .success : .failure
    }

    /// Whether the unit of the tasks has ended, so that this is an `ExecStopPost=` of it, and not an `ExecStartPost=`.
    private var hasEnded: Bool { environment["SERVICE_RESULT"] != nil }

    private var environment: [String: String] { configuration.options.environment }

    /// How long another process may be running the task of a unit that has ended.
    ///
    /// With what follows it must end before `TimeoutStopSec` of the tasks' units.
    private static let lockLimit = Duration.seconds(5)

    /// Does what belongs to a task that has succeeded, unless it is done: puts its products in place, restarts units.
    ///
    /// No unit is restarted when the task's own has ended: that may take longer than systemd waits, and the next run of
    /// the task does it.
    ///
    /// - Returns: Whether all is done; if not, the task has failed, and its record says so.
    private func complete(_ task: PlannedTask, _ output: ConsoleOutput) async -> Bool {
        do {
            let records = try records()
            let staged = configuration.stagedProducts(of: task, records)
            guard staged != nil || !task.restarts.isEmpty else { return true }
            let deadline = ContinuousClock.now + task.timeout
            // A run by hand may have begun since the unit's process has ended.
            guard let lock = try await records.awaitLock(task.name, until: hasEnded ? .now + Self.lockLimit : deadline)
            else {
                let call = configuration.options.quotedCall("status")
                throw Problem("another process is running it", hint: "see \(call)")
            }
            defer { withExtendedLifetime(lock) {} }
            guard let record = try records.record(of: task.name), record.isSuccess else { return true }
            var failed = record
            do {
                try await staged?.publish(to: configuration.files)
                guard !hasEnded, let state = record.history.restart, configuration.options.root == nil else {
                    return true
                }
                failed.history.restart = .failed
                try await UnitRestarter(task: task, isRetry: state == .failed).restartAll(until: deadline) { unit in
                    output.write("restarting '\(unit)'\n")
                }
                try records.updateHistory(of: task.name) { $0.restart = nil }
            } catch {
                failed.outcome = .failed
                failed.counts = ResultCounts()
                (failed.reasons, failed.publicReasons) = ([chain(error)], [publicChain(error)])
                failed.isPermanent = isPermanent(error)
                try? records.write(failed)
                throw error
            }
            return true
        } catch {
            let fields = [("NEST_TASK", task.name), ("NEST_VERB", task.verb.name), ("NEST_OUTCOME", "failed")]
            let problem = Problem("task '\(task.name)' failed", cause: error)
            output.report(problems(of: problem), as: configuration.options.output, .taskFailed, fields)
            return false
        }
    }

    /// Removes the commands from the lists of tasks that no longer have any: their units may have no step before them.
    ///
    /// A task that runs for longer is not waited for; its list is looked at again when its unit ends.
    private func forgetCommands(of tasks: [PlannedTask], _ output: ConsoleOutput) async {
        do throws(SystemError) {
            try await configuration.forgetCommands(of: tasks, until: .now + Self.lockLimit)
        } catch {
            output.report(warnings: [Problem("cannot update what 'reset' undoes", cause: error)])
        }
    }

    /// Writes the metrics, without which everything else is as it should be.
    private func writeMetrics(_ output: ConsoleOutput) async {
        do throws(Problem) {
            try await MetricsWriter(configuration: configuration).write()
        } catch {
            output.report(warnings: problems(of: error))
        }
    }

    /// The records of the tasks or of their repetitions.
    private func records() throws(SystemError) -> RecordStore {
        let records = try configuration.records()
        return isRepetition ? records.repetitions : records
    }

    /// Starts alerts about repetitions that are the first to fail, or the first to succeed after that.
    private func noteRepetition() async throws {
        // In an `ExecStartPost=` the repetition has not ended.
        guard let result = environment["SERVICE_RESULT"] else { return }
        let records = try records()
        let hasFailed = result != "success"
        let noted = try names.filter { name throws(SystemError) in
            // There is none before the first repetition whose program has started.
            let record = try records.intactRecord(of: name)
            // A repetition that was stopped has neither failed nor succeeded.
            return (hasFailed || record?.isSuccess == true) && record?.history.isReported ?? false != hasFailed
        }
        try await Systemd.queue(noted.map { .start(alertUnitName(ofTask: $0)) })
        if !noted.isEmpty { await ReportService.request(configuration.report) }
        // If systemd has refused, the next repetition asks again.
        for name in noted { try records.updateHistory(of: name) { $0.isReported = hasFailed } }
    }

    /// Notes how tasks have ended: in an `ExecStopPost=` systemd says how, in an `ExecStartPost=` they have succeeded.
    private func note(_ tasks: [PlannedTask], _ supervisor: Supervisor) async throws {
        switch environment["SERVICE_RESULT"] {
        case nil:
            try await supervisor.noteSuccess(of: names)
            try await supervisor.awaitNextAttempt(of: tasks)
        // Stopped.
        case "success": break
        default:
            let status = environment["EXIT_STATUS"].flatMap { Int32($0) }
            // The health service, which is started now, prints what follows.
            let ended = Dictionary(names.map { ($0, status) }, uniquingKeysWith: { $1 })
            try await supervisor.judge(ended: ended, keepsLock: false) { _ in }
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
