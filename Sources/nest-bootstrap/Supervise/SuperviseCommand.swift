import Base
import Host
import Planning
import Reporting

struct SuperviseCommand: Command {
    static let name = "supervise"

    static let help = CommandHelp(
        summary: "report failed and recovered units; systemd calls it",
        details: [
            "For k8s-bootstrap-health.service, it starts k8s-bootstrap-alert@NAME.service when a task fails for the first "
                + "time and when it recovers, and the failed tasks again, with growing pauses."
        ],
        exitCodes: [
            Row("0", "no unit has failed"), Row("1", "a unit has failed, or was not started"), .usageError,
            .wrongTaskFile,
        ],
        examples: ["supervise", "supervise --role worker", "supervise --config FILE"],
    )

    static let flags: [Flag<Self>] = [
        .config, .role, .root,
        Flag(
            "--only-metrics",
            isInternal: true,
            "write the metrics, and look at no unit; k8s-bootstrap--metrics.service calls this",
            \.onlyWritesMetrics
        ),
        Flag(
            "--only-report",
            isInternal: true,
            "report the state of the node to the cluster; k8s-bootstrap--report.service calls this",
            \.onlyReports
        ),
    ]

    static let isShown = false

    var onlyWritesMetrics = false
    var onlyReports = false

    var acts: Bool { true }

    func run(_ options: Options, in program: Program) async throws -> ExitCode {
        if onlyReports {
            try await NodeReporter.serve(options, program.output)
            return .success
        }
        return try await program.withConfiguration(options, isOfUnits: true) { configuration in
            guard onlyWritesMetrics else { return try await examine(configuration, program.output) }
            try await MetricsWriter(options: options, configuration: configuration).write()
            return .success
        }
    }

    private func examine(_ configuration: Configuration, _ output: ConsoleOutput) async throws -> ExitCode {
        if try await Systemd.description(of: healthUnitName) == invalidHealthDescription {
            return try await loadCorrectedFile(configuration, output)
        }
        await MetricsWriter(options: configuration.options, configuration: configuration).write(orWarn: output)
        return try await Supervisor(configuration: configuration).judge { output.write("\($0)\n") }
            ? .success : .failure
    }

    /// Makes systemd generate the units again, and starts the target if the generator finds the task file valid.
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
        try await Systemd.queue([(.stop, healthTimerName), (.start, targetName)])
        return .success
    }
}

/// The handling of failed task units by the health service.
///
/// The service runs after a failure, and then about every ten seconds until no failure remains.
struct Supervisor {
    let configuration: Configuration

    /// The state of the unit of a task, or of the unit of its repetition.
    private struct Observation {
        /// The name under which the failure is recorded: the task's name, or the name of its repetition unit.
        var subject: String
        var task: String
        var hasFailed: Bool
        /// Whether the unit is starting, which includes the run of its task, or systemd has a job for it.
        var isUnderWay: Bool
        /// Whether the record shows success, and the unit is active or, for a repetition, has not failed.
        var hasSucceeded: Bool
        /// The number of attempts of the task's unit since the last success; 1 for a repetition or without a record.
        var attempt: Int

        init(_ subject: String, _ task: String, _ service: ServiceState, hasSucceeded: Bool, attempt: Int) {
            (self.subject, self.task, self.hasSucceeded, self.attempt) = (subject, task, hasSucceeded, attempt)
            hasFailed = service.hasFailed && !service.hasJob
            isUnderWay = service.hasJob || service.unit.active == "activating"
        }
    }

    private static let answerLimit = Duration.seconds(5)

    /// Starts alerts and, for due retries and after recoveries, the target; returns whether no task remains failed.
    ///
    /// A failed repetition does not count, because no task waits for it.
    func judge(_ report: (String) -> Void) async throws -> Bool {
        let records = try configuration.records()
        let before = records.health()
        let known = Set(before.failed)
        let (observations, areByHand) = try await observations(records, known)
        let failing = observations.filter(\.hasFailed)
        // A failed task that runs again has not recovered yet.
        let pending = observations.filter { $0.isUnderWay && known.contains($0.subject) }
        let recovered = observations.filter { $0.hasSucceeded && known.contains($0.subject) }
        var health = NodeHealth(failed: (failing + pending).map(\.subject))
        var jobs: [Systemd.Job] = []
        let attempts = failing.filter { $0.subject == $0.task }.map(\.attempt)
        if areByHand || !recovered.isEmpty {
            jobs.append((.start, targetName))
        } else if let attempt = attempts.min() {
            let now = Timestamp.now()
            let delay = NodeHealth.retryDelay(afterAttempt: attempt)
            let next = Timestamp(seconds: now.seconds + delay.components.seconds)
            // The minimum limits the delay after a newer failure, and after a clock that was ahead has been corrected.
            let retryAt = min(next, before.retryAt ?? next)
            if retryAt <= now { jobs.append((.start, targetName)) } else { health.retryAt = retryAt }
        }
        if health.failed.isEmpty { jobs.append((.stop, healthTimerName)) }
        let alerted = failing.filter { !known.contains($0.subject) } + recovered
        // The tasks are started even if the health cannot be written, for example on a full disk.
        let written = Result { () throws(SystemError) in try records.write(health) }
        for observation in alerted {
            do throws(SystemError) {
                try await Systemd.queue([(.start, alertUnitName(ofTask: observation.task))])
            } catch {
                // The alerting unit may be masked.
                report("no alert about task '\(observation.task)': \(error)")
            }
        }
        if !alerted.isEmpty { await NodeReporter.request(configuration.report) }
        try await Systemd.queue(jobs)
        try written.get()
        for observation in recovered { report("task '\(observation.task)' has recovered") }
        // Until the next retry, every run of this service finds the same failures, which are not reported again.
        for observation in failing where !known.contains(observation.subject) || health.retryAt != before.retryAt {
            let retry = health.retryAt.map { " and is retried at \($0)" } ?? ""
            let isRepetition = observation.subject != observation.task
            report("task '\(observation.task)' failed\(isRepetition ? " when it was repeated" : retry)")
        }
        // A failure after the observations did not start the timer, because the timer was still active.
        if health.failed.isEmpty, try await self.observations(records, []).observations.contains(where: \.hasFailed) {
            try await Systemd.queue([(.start, healthTimerName)])
            return false
        }
        return !health.failed.contains { configuration.plan.position(of: $0) != nil }
    }

    /// Observes the units of tasks and repetitions, and records successes by hand after failures of the tasks' units.
    ///
    /// A failure in `known` remains one after `systemctl reset-failed`.
    private func observations(
        _ records: RecordStore,
        _ known: Set<String>
    ) async throws -> (observations: [Observation], areByHand: Bool) {
        let tasks = configuration.plan.steps.map(\.task)
        let repeated = tasks.filter { $0.interval != nil }
        let names = tasks.map(\.unitName) + repeated.map { repetitionUnitName(ofTask: $0.name) }
        let services = try await Systemd.services(names, timeout: Self.answerLimit)
        var areByHand = false
        var observations: [Observation] = []
        for task in tasks {
            // A masked unit is disabled on purpose.
            guard let service = services[task.unitName], service.unit.load != "masked" else { continue }
            let record = try? records.record(of: task.name)
            // A failure that could not be recorded leaves the record of an earlier success.
            if service.hasFailed, !service.hasJob, let record, record.isSuccess, let failedAt = service.failedAt,
                failedAt < .milliseconds(record.uptimeMilliseconds)
            {
                try records.recordSuccessByHand(of: task.name)
                areByHand = true
            }
            // A unit whose process was ended by SIGTERM may be active although the task has not succeeded.
            let hasSucceeded = service.unit.isActive && record?.isSuccess == true
            let attempt = record?.history.unitAttempts ?? 1
            var found = Observation(task.name, task.name, service, hasSucceeded: hasSucceeded, attempt: attempt)
            if service.unit.active == "inactive", !service.hasJob, record?.outcome == .failed {
                found.hasFailed = known.contains(task.name)
            }
            observations.append(found)
        }
        for task in repeated {
            let name = repetitionUnitName(ofTask: task.name)
            guard let service = services[name] else { continue }
            // A run of the task removes the record of its last repetition.
            let last = [records.repetitions, records].lazy.compactMap { try? $0.record(of: task.name) }.first
            let isSuccess = last?.isSuccess == true
            observations.append(
                Observation(name, task.name, service, hasSucceeded: !service.hasFailed && isSuccess, attempt: 1)
            )
        }
        return (observations, areByHand)
    }
}
