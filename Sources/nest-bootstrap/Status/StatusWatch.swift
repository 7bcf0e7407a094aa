import Base
import Glibc
import Host
import Planning
import Reporting

/// A display of the states of tasks that is updated as they change, for `status --watch` and `up`.
struct StatusWatch {
    let configuration: Configuration
    let names: [String]
    let program: Program

    /// The uptime at which `up` started the tasks, `nil` for `status --watch`.
    var start: Duration?

    /// The minimum ratio of a pause to the duration of the survey before it, which limits the CPU usage.
    private static let pauseFactor = 4

    func run() async throws -> ExitCode {
        let (findings, signal) = try await follow { [program] _ in program.output.isClosed(.results) }
        // Control-C is the normal end of a watch.
        guard signal == nil || signal == SIGINT else { return .terminated }
        return findings?.exitCode ?? .incomplete
    }

    /// Shows the states until a condition holds or a signal arrives, and returns the last states and the signal.
    func follow(
        until isOver: @escaping @Sendable (StatusFindings) -> Bool,
    ) async throws -> (findings: StatusFindings?, signal: Int32?) {
        let plan = names.isEmpty ? configuration.plan : try configuration.plan.selecting(names)
        let survey = StatusSurvey(configuration: configuration, records: try configuration.records())
        var display = StatusDisplay(configuration.options.output, program.output, program.outputEnvironment)
        display.start = start
        let signals = try program.catchSignals()
        return await interruptible(by: signals) { [display] in
            await watch(plan, survey, display, isOver)
        }
    }

    private func watch(
        _ plan: Plan,
        _ survey: StatusSurvey,
        _ display: StatusDisplay,
        _ isOver: (StatusFindings) -> Bool,
    ) async -> StatusFindings? {
        var display = display
        var last: StatusFindings?
        while !Task.isCancelled {
            let start = ContinuousClock.now
            let findings = await survey.findings(of: plan)
            // An interrupted survey may be incomplete.
            if Task.isCancelled { break }
            last = findings
            display.show(findings)
            if isOver(findings) { break }
            let pause = max(StatusSurvey.interval, (ContinuousClock.now - start) * Self.pauseFactor)
            try? await ContinuousClock().sleep(for: pause)
        }
        display.finish()
        return last
    }
}

private struct StatusDisplay: Sendable {
    private enum Form: Sendable {
        case view(StatusView)
        case changes(StatusChanges, isJSON: Bool)
    }

    private let output: ConsoleOutput
    private var form: Form
    /// The uptime at which `up` started the tasks, or `nil` for `status --watch`; earlier failures are not shown.
    var start: Duration?
    /// The last reported error, `nil` after a survey without one; an error that persists is reported only once.
    private var warning: String?

    init(_ format: OutputFormat, _ output: ConsoleOutput, _ outputEnvironment: OutputEnvironment) {
        self.output = output
        guard outputEnvironment.isScreen, !format.isForPrograms else {
            form = .changes(StatusChanges(), isJSON: format.isForPrograms)
            return
        }
        form = .view(StatusView(output, isColoured: outputEnvironment.isColoured))
    }

    mutating func show(_ findings: StatusFindings) {
        switch form {
        case .view(var view):
            let statuses = start.map { start in
                findings.statuses.map { $0.withoutEarlierAttempt.withoutFailure(before: start) }
            }
            view.show(statuses ?? findings.statuses, warning: findings.error.map { chain($0) })
            form = .view(view)
        case .changes(var changes, let isJSON):
            // A slow reader gets the changes of several surveys at once.
            guard !output.isBacklogged else { return }
            let statuses = current(findings)
            if isJSON {
                output.writeObjects(changes.json(statuses).map { $0 + "\n" }.joined())
            } else {
                report(findings.error)
                output.write(changes.lines(statuses).map { $0 + "\n" }.joined())
            }
            form = .changes(changes, isJSON: isJSON)
        }
    }

    private func current(_ findings: StatusFindings) -> [TaskStatus] {
        guard let start else { return findings.statuses }
        return findings.statuses.filter { $0.service?.hasJob != true || $0.state == .running }
            .map { $0.withoutFailure(before: start) }
    }

    private mutating func report(_ error: (any Error)?) {
        let problem = error.map { chain($0) }
        if let error, problem != warning { output.report(error) }
        warning = problem
    }

    func finish() { if case .view(let view) = form { view.finish() } }
}

extension TaskStatus {
    /// The status, without the result of an earlier attempt if systemd has a job for the task.
    fileprivate var withoutEarlierAttempt: Self {
        guard service?.hasJob == true, case .ended = state else { return self }
        return withoutResult
    }

    /// Returns the status without a failure from before the given uptime.
    func withoutFailure(before start: Duration) -> Self {
        state == .ended(.failed) && !hasEnded(since: start) ? withoutResult : self
    }

    private var withoutResult: Self {
        var status = self
        (status.state, status.reasons, status.counts) = (.notYet, [], ResultCounts())
        (status.age, status.duration, status.retriesIn, status.isPermanent) = (nil, nil, nil, false)
        return status
    }
}
