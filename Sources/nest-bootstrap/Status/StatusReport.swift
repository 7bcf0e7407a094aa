import Actions
import Base
import HTTP
import Host
import Planning
import Reporting

/// The report of `status`; with `--wait`, printed when all tasks have succeeded, one cannot succeed, or time is up.
struct StatusReport {
    let configuration: Configuration
    let command: StatusCommand
    let program: Program

    private var output: ConsoleOutput { program.output }

    func run() async throws -> ExitCode {
        let plan = command.names.isEmpty ? configuration.plan : try configuration.plan.selecting(command.names)
        let survey = StatusSurvey(configuration: configuration, records: try configuration.records())
        let start = ContinuousClock.now
        while true {
            let findings = await survey.findings(of: plan)
            let (statuses, isPermanent) = (findings.statuses, findings.isPermanent)
            let isOver = command.waitLimit.map { .now - start >= $0 } ?? false
            // The target also waits for tasks that are not named.
            let isPending = command.names.isEmpty && findings.isTargetPending
            let hasSucceeded = statuses.allSatisfy(\.state.isSuccess) && !isPending
            let isDone = isPermanent || !findings.masked.isEmpty || hasSucceeded
            if let limit = command.waitLimit, !isDone, !isOver {
                let rest = limit - (.now - start)
                try await ContinuousClock().sleep(for: min(StatusSurvey.interval, max(rest, .zero)))
                continue
            }
            if !configuration.options.output.isForPrograms {
                if let error = findings.error { output.report(error) }
                if !isDone, let limit = command.waitLimit { output.report(Self.timeIsUp(statuses, after: limit)) }
                if command.isWaiting, let task = findings.masked.first {
                    output.report(Problem("task '\(task)' does not run: its unit is masked"))
                }
            }
            print(statuses, of: plan)
            if command.names.isEmpty, !command.isWaiting {
                output.report(warnings: configuration.environment(HTTPClient()).formerSetWarnings())
            }
            guard command.isWaiting else { return findings.exitCode }
            // A wait is about the readiness of the node, which repetitions do not affect. Only permanent failures
            // make the wait fail.
            return isPermanent ? .failure : hasSucceeded ? .success : .incomplete
        }
    }

    private static func timeIsUp(_ statuses: [TaskStatus], after limit: Duration) -> Problem {
        let missing = statuses.filter { !$0.state.isSuccess }.map(\.task)
        let message = "timed out after \(limit.text) waiting for "
        guard missing.isEmpty else { return Problem(message + quotedList(missing)) }
        return Problem("\(message)\(targetName)", hint: "see 'systemctl list-jobs'")
    }

    private func print(_ statuses: [TaskStatus], of plan: Plan) {
        let outputEnvironment = program.outputEnvironment
        let warnBefore = configuration.declarations.cluster.warnBefore
        let credentials = KnownCertificates(files: configuration.filesForReading, plan: plan)
            .warnings(warnBefore: warnBefore)
        let warnings = credentials.map(\.problem) + missingReport() + unitWarnings(statuses)
        let certificates = configuration.certificates(of: plan)
        let address = configuration.addressChoice
        let format = configuration.options.output
        if format.isForPrograms {
            let text = statusJSON(
                statuses,
                certificates: certificates,
                warnings: warnings,
                address: address
            )
            output.writeObjects(text)
        } else {
            let (columns, isColoured) = (outputEnvironment.columns, outputEnvironment.isColoured)
            // A certificate with a warning is not listed again.
            let listed = certificates.filter { certificate in !credentials.contains { $0.isAbout(certificate) } }
            let summary = summaryLines(statuses, columns: columns)
            let lines =
                summary + (summary.isEmpty ? [] : [""])
                + statusLines(statuses, columns: columns, isColoured: isColoured)
                + (address.map { addressLines($0, columns: columns) } ?? [])
                + certificateLines(listed, at: .now())
                + warningLines(warnings, columns: columns)
            output.write(lines.map { $0 + "\n" }.joined())
        }
    }

    /// Returns a warning if reports to the cluster fail, and their grace period is over.
    private func missingReport() -> [Problem] {
        guard configuration.report != nil, let problem = (try? configuration.records())?.reportState().problem,
            problem.isPrinted
        else { return [] }
        return [Problem("since \(problem.since): \(problem.text)")]
    }
}
