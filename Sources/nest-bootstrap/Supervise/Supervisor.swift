import Base
import Execution
import Host
import Planning
import State

/// Compares the states of the tasks' units with the reported states, and requests the resulting jobs from systemd.
///
/// Several processes may do this at the same time: the health service, and a process for every task that has just
/// ended.
struct Supervisor {
    let configuration: Configuration

    private static let target = "k8s-bootstrap.target"

    /// The state of the unit of a task.
    private struct Look {
        var task: String
        var isActive: Bool
        var hasFailed: Bool
        /// The number of attempts of the unit since the task last succeeded.
        var attempt: Int
        var isPermanent: Bool
    }

    /// The maximum wait for the lock of the node's health, after which this process continues without the lock.
    ///
    /// Together with the calls to systemd that follow, the wait must end before `TimeoutStopSec` of the tasks' units.
    private static let lockLimit = Duration.seconds(8)

    /// The maximum time for systemd to answer.
    private static let answerLimit = Duration.seconds(5)

    /// Starts alerts and the timer for the next retry, and returns whether all tasks are free of failures.
    ///
    /// The health service calls this function last, and keeps the lock until its process has ended, because systemd
    /// ignores the start of a service that is still running.
    ///
    /// - Parameters:
    ///   - ended: The exit statuses of tasks that have just failed, if known. Their units are still ending.
    ///   - keepsLock: Whether to keep the lock until the process has ended.
    ///   - report: Prints a line.
    /// - Returns: Whether no task has failed.
    /// - Throws: ``Base/SystemError`` if systemd does not answer or the state cannot be written.
    @discardableResult
    func judge(ended: [String: Int32?], keepsLock: Bool, _ report: (String) -> Void) async throws -> Bool {
        let records = try configuration.records()
        var lock = try await records.awaitHealthLock(until: .now + Self.lockLimit)
        defer { if keepsLock { lock.take()?.keepUntilExit() } else { lock.take()?.release() } }
        let looks = try await looks(records, ended)
        let before = records.health()
        let failing = looks.filter(\.hasFailed)
        let recovered = looks.filter(\.isActive).map(\.task).filter(before.failed.contains)
        // A task that failed and is running again has not recovered yet.
        let pending = looks.filter { !$0.hasFailed && !$0.isActive }.map(\.task).filter(before.failed.contains)
        var health = NodeHealth(failed: failing.map(\.task) + pending)
        let alerted = failing.map(\.task).filter { !before.failed.contains($0) } + recovered
        var jobs: [Systemd.Job] = []
        if let attempt = failing.lazy.filter({ !$0.isPermanent }).map(\.attempt).min() {
            let (timers, retryAt) = try await retry(in: NodeHealth.retryDelay(afterAttempt: attempt), before)
            jobs += timers
            health.retryAt = retryAt
        } else if !pending.isEmpty {
            health.retryAt = before.retryAt
        } else if before.retryAt != nil {
            jobs += Self.stopTimers
        }
        // The retry is started even if the health cannot be written, for example on a full disk.
        let written = Result { () throws(SystemError) in try records.write(health) }
        if !ended.isEmpty { jobs += try await consequences() }
        jobs += alerted.map { .start(alertUnitName(ofTask: $0)) }
        try await Systemd.queue(jobs)
        if !ended.isEmpty || !recovered.isEmpty { await ReportService.request(configuration.report) }
        try written.get()
        for task in recovered { report("task '\(task)' has recovered") }
        for look in failing { report(line(look, health.retryAt)) }
        for task in pending { report("task '\(task)' failed and has not succeeded since") }
        return health.failed.isEmpty
    }

    /// Returns the jobs that show the failure of a task: the health service fails too, and the target stops.
    private func consequences() async throws -> [Systemd.Job] {
        let target = try await Systemd.services([Self.target], timeout: Self.answerLimit)[Self.target]
        return (target?.unit.isActive == true ? [.stopAlone(Self.target)] : []) + [.start(healthUnitName)]
    }

    private static var stopTimers: [Systemd.Job] { NodeHealth.retryDelays.map { .stop(retryTimerName(delay: $0)) } }

    /// Reports the recovery of tasks that have just succeeded, and starts the tasks that depend on them.
    ///
    /// If no task had failed before, only the records and the health are read.
    ///
    /// - Parameter tasks: The names of the tasks.
    /// - Throws: ``Base/SystemError`` if systemd does not answer or the state cannot be written.
    func noteSuccess(of tasks: [String]) async throws {
        let records = try configuration.records()
        // If SIGTERM stopped the process of a task, its unit is active although the task has not succeeded.
        let tasks = tasks.filter { (try? records.hasSucceeded($0)) == true }
        guard tasks.contains(where: records.health().failed.contains) else { return }
        let lock = try await records.awaitHealthLock(until: .now + Self.lockLimit)
        defer { withExtendedLifetime(lock) {} }
        var health = records.health()
        // An attempt may have begun in the meantime.
        let recovered = tasks.filter { health.failed.contains($0) && (try? records.hasSucceeded($0)) == true }
        guard !recovered.isEmpty else { return }
        health.failed.removeAll(where: recovered.contains)
        if health.failed.isEmpty { health.retryAt = nil }
        // The target starts the health service and the tasks that have not succeeded. The target's job comes first,
        // because a busy systemd may not accept all jobs in time, and a recorded recovery is not reported again.
        try await Systemd.queue([.start(Self.target)])
        try records.write(health)
        let timers = health.failed.isEmpty ? Self.stopTimers : []
        try await Systemd.queue(timers + recovered.map { .start(alertUnitName(ofTask: $0)) })
        await ReportService.request(configuration.report)
    }

    /// Requests another run of the recovery service of each task whose next attempt has begun in the meantime.
    ///
    /// systemd ignores the start of a service that is still running. A recovery service calls this function last,
    /// because an attempt may begin at any time.
    ///
    /// - Parameter tasks: The tasks of the recovery services.
    /// - Throws: ``Base/SystemError`` if systemd does not answer.
    func awaitNextAttempt(of tasks: [PlannedTask]) async throws {
        let failed = try configuration.records().health().failed
        let tasks = tasks.filter { !$0.isCompletedOutside && failed.contains($0.name) }
        guard !tasks.isEmpty else { return }
        let services = try await Systemd.services(tasks.map(\.unitName), timeout: Self.answerLimit)
        let begun = tasks.filter { task in
            services[task.unitName].map { $0.hasJob || $0.unit.active == "activating" } ?? false
        }
        try await Systemd.queue(begun.map { .restart(recoveryUnitName(ofTask: $0.name)) })
    }

    /// Determines the states of the units of all tasks.
    private func looks(_ records: RecordStore, _ ended: [String: Int32?]) async throws -> [Look] {
        let steps = configuration.plan.steps
        let services = try await Systemd.services(steps.map(\.task.unitName), timeout: Self.answerLimit)
        return steps.compactMap { step in
            let name = step.task.name
            guard let service = services[step.task.unitName] else { return nil }
            // A masked unit is disabled on purpose.
            if service.unit.load == "masked", ended[name] == nil { return nil }
            let record = try? records.record(of: name)
            let isPermanent = record?.outcome == .failed && record?.isPermanent == true
            let status = ended[name] ?? service.exitStatus
            return Look(
                task: name,
                // If SIGTERM stopped the process of a task, its unit is active although the task has not succeeded.
                isActive: service.unit.isActive && record?.isSuccess == true,
                // A unit with a job is about to run again.
                hasFailed: service.hasFailed && !service.hasJob || ended[name] != nil,
                attempt: record?.history.unitAttempts ?? 1,
                isPermanent: isPermanent || status.map(TaskStatus.isPermanent(exitStatus:)) == true,
            )
        }
    }

    /// Returns the jobs for a timer that starts the target after a delay, unless an earlier timer is already waiting.
    private func retry(in delay: Duration, _ before: NodeHealth) async throws -> ([Systemd.Job], Timestamp) {
        let delays = NodeHealth.retryDelays
        let timers = try await Systemd.services(delays.map { retryTimerName(delay: $0) }, timeout: Self.answerLimit)
        let waiting = delays.filter { timers[retryTimerName(delay: $0)]?.unit.sub == "waiting" }
        if let first = waiting.first, first <= delay, let retryAt = before.retryAt { return ([], retryAt) }
        let stops = waiting.map { Systemd.Job.stop(retryTimerName(delay: $0)) }
        let retryAt = Timestamp(seconds: Timestamp.now().seconds + delay.components.seconds)
        return (stops + [.restart(retryTimerName(delay: delay))], retryAt)
    }

    private func line(_ look: Look, _ retryAt: Timestamp?) -> String {
        if !look.isPermanent, let retryAt { return "task '\(look.task)' failed and is retried at \(retryAt)" }
        return "task '\(look.task)' failed and is not retried; fix the cause, then run 'systemctl start \(Self.target)'"
    }
}
