import Actions
import Base
import Execution
import Host
import Planning
import Reporting
import State
import YAML

/// Reacts to the success or failure of the tasks' units.
struct UnitSupervision {
    let configuration: Configuration
    let names: [String]
    /// Whether the unit belongs to a repetition, whose failure does not prevent anything else from running.
    let isRepetition: Bool

    /// Examines the units of all tasks, or records the result of the unit of a task.
    ///
    /// - Throws: ``Base/Problems`` for unknown names, ``Base/SystemError`` if systemd does not answer or the state
    ///   cannot be written.
    func run(_ output: ConsoleOutput) async throws -> ExitCode {
        let supervisor = Supervisor(configuration: configuration)
        guard names.isEmpty else {
            let tasks = try configuration.plan.selecting(names).steps.map(\.task)
            var isComplete = true
            for task in tasks where await !complete(task, output) { isComplete = false }
            await forgetCommands(of: tasks, output)
            // When the unit has ended, another call records the failure and writes the metrics.
            if !isComplete, !hasEnded { return .failure }
            if !hasEnded { await writeMetrics(output) }
            // A run by hand reports its end itself, and its failure stops nothing.
            if !configuration.options.isByHand { await noteEnd(of: tasks, supervisor, output) }
            if hasEnded { await writeMetrics(output) }
            return isComplete ? .success : .failure
        }
        if try await Systemd.description(of: healthUnitName) == invalidHealthDescription {
            return try await loadCorrectedFile(output)
        }
        // Without the copy, only the commands that show the node have less to show while the file is invalid.
        try? RunningPlan.store(configuration)
        try? configuration.records().forgetMistakes()
        await forgetCommands(of: configuration.plan.steps.map(\.task), output)
        await writeMetrics(output)
        return try await supervisor.judge(ended: [:], keepsLock: true) { output.write("\($0)\n") } ? .success : .failure
    }

    /// Records the result of a unit, and starts what follows from it.
    private func noteEnd(of tasks: [PlannedTask], _ supervisor: Supervisor, _ output: ConsoleOutput) async {
        do {
            if isRepetition { try await noteRepetition() } else { try await note(tasks, supervisor) }
        } catch {
            // The result of the task does not depend on these steps. If they fail, they are repeated when the next task
            // ends.
            output.report(error, as: configuration.options.output)
        }
    }

    /// Whether the unit has ended; if so, this call is its `ExecStopPost=`, otherwise its `ExecStartPost=`.
    private var hasEnded: Bool { environment["SERVICE_RESULT"] != nil }

    private var environment: [String: String] { configuration.options.environment }

    /// The maximum wait for another process that runs the task of a unit that has ended.
    ///
    /// Together with the steps that follow, the wait must end before `TimeoutStopSec` of the tasks' units.
    private static let lockLimit = Duration.seconds(5)

    /// Completes a successful task, if necessary: puts its products in place and restarts units.
    ///
    /// If the task's own unit has ended, no units are restarted, because restarts may take longer than systemd waits.
    /// Instead, the next run of the task restarts the units.
    ///
    /// - Returns: Whether the task is complete. Otherwise, the task has failed, and its record says so if possible.
    private func complete(_ task: PlannedTask, _ output: ConsoleOutput) async -> Bool {
        do {
            let records = try records()
            let staged = configuration.stagedProducts(of: task, records)
            guard staged != nil || task.footprint.listsProducts || !task.restarts.isEmpty else { return true }
            let deadline = ContinuousClock.now + task.timeout
            // A run by hand may have begun after the unit's process ended.
            guard let lock = try await records.awaitLock(task.name, until: hasEnded ? .now + Self.lockLimit : deadline)
            else {
                let call = configuration.options.quotedCall("status")
                throw Problem("another process is running it", hint: "see \(call)")
            }
            defer { withExtendedLifetime(lock) {} }
            // A task that has failed may have created something too.
            try configuration.takeOverProducts(of: task)
            guard let record = try records.record(of: task.name), record.isSuccess else { return true }
            var failed = record
            do {
                do {
                    try await staged?.publish(to: configuration.files)
                } catch {
                    try? Configuration.products(configuration.options).forgetMissing(of: task.name)
                    throw error
                }
                guard !hasEnded, let state = record.history.restart, configuration.options.root == nil else {
                    return true
                }
                failed.history.restart = .failed
                let restarter = UnitRestarter(task: task, plan: configuration.plan, isRetry: state == .failed)
                try await restarter.restartAll(
                    until: deadline,
                    end: { unit in
                        guard !configuration.options.output.isForPrograms else { return }
                        output.write("\(task.name): restarted '\(unit)'\n")
                    }
                )
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

    /// Removes the reset commands from the product lists of tasks that no longer declare any.
    ///
    /// The units of such tasks may have no preparation step. If a task is still running at the deadline, its list is
    /// updated when its unit ends.
    private func forgetCommands(of tasks: [PlannedTask], _ output: ConsoleOutput) async {
        do throws(SystemError) {
            try await configuration.forgetCommands(of: tasks, until: .now + Self.lockLimit)
        } catch {
            output.report(warnings: [Problem("cannot update what 'reset' undoes", cause: error)])
        }
    }

    /// Writes the metrics, and reports a failure as a warning.
    private func writeMetrics(_ output: ConsoleOutput) async {
        do throws(Problem) {
            try await MetricsWriter(configuration: configuration).write()
        } catch {
            output.report(warnings: problems(of: error))
        }
    }

    /// Returns the store of the records of tasks or, for the unit of a repetition, of the records of repetitions.
    private func records() throws(SystemError) -> RecordStore {
        let records = try configuration.records()
        return isRepetition ? records.repetitions : records
    }

    /// Starts an alert when the repetitions of a task begin to fail, and when they succeed again.
    private func noteRepetition() async throws {
        // In an `ExecStartPost=` the repetition has not ended.
        guard let result = environment["SERVICE_RESULT"] else { return }
        let records = try records()
        let hasFailed = result != "success"
        let noted = try names.filter { name throws(SystemError) in
            // There is no record before the first repetition whose program has started.
            let record = try records.intactRecord(of: name)
            // A repetition that was stopped has neither failed nor succeeded.
            return (hasFailed || record?.isSuccess == true) && record?.history.isReported ?? false != hasFailed
        }
        try await Systemd.queue(noted.map { .start(alertUnitName(ofTask: $0)) })
        if !noted.isEmpty { await ReportService.request(configuration.report) }
        // If systemd has refused the jobs, the next repetition requests them again.
        for name in noted { try records.updateHistory(of: name) { $0.isReported = hasFailed } }
    }

    /// Records the results of tasks: from systemd in an `ExecStopPost=`, as successes in an `ExecStartPost=`.
    private func note(_ tasks: [PlannedTask], _ supervisor: Supervisor) async throws {
        switch environment["SERVICE_RESULT"] {
        case nil:
            try await supervisor.noteSuccess(of: names)
            try await supervisor.awaitNextAttempt(of: tasks)
        // The unit was stopped deliberately.
        case "success": break
        default:
            let status = environment["EXIT_STATUS"].flatMap { Int32($0) }
            // The health service, which is started now, prints the results.
            let ended = Dictionary(names.map { ($0, status) }, uniquingKeysWith: { $1 })
            try await supervisor.judge(ended: ended, keepsLock: false) { _ in }
        }
    }

    /// Regenerates and starts the units after a task file that was invalid at their generation has been corrected.
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
