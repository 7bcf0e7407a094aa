import Base
import HTTP
import Host
import Planning
import Reporting
import State

/// The service that reports the state of the node to the cluster, `supervise --only-report`.
struct ReportService {
    let options: Options
    let output: ConsoleOutput

    /// The range of the delay before anything is sent, in seconds.
    ///
    /// Several tasks may end at the same time on this node, and on all nodes after a power or server failure.
    private static let delays = 1.0...10.0
    private static let attemptLimit = Duration.seconds(20)

    /// The pauses after attempts that have failed.
    private static let firstPause = Duration.seconds(10)
    private static let longestPause = Duration.seconds(300)

    /// The time for which reports may fail without a warning.
    ///
    /// Every boot has a few seconds without a server or a kubeconfig.
    private static let gracePeriod = Duration.seconds(60)

    /// The maximum time for systemd to answer, because the end of a task does not wait for a report.
    private static let answerLimit = Duration.seconds(2)

    /// Sends reports until everything is reported.
    ///
    /// Without a server or Node, the function does not return: each attempt has a deadline, but the attempts continue
    /// until systemd stops the process.
    ///
    /// - Returns: Always success; the cause of a failed attempt is shown as a warning and as the status of the service.
    func run() async throws -> ExitCode {
        let http = HTTPClient()
        try await ContinuousClock().sleep(for: .seconds(Double.random(in: Self.delays)))
        var pause = Self.firstPause
        while let reporter = reporter(gracePeriod: Self.gracePeriod),
            let cause = await reporter.report(http, within: Self.attemptLimit)
        {
            let rest = pause * Double.random(in: 0.8...1.2)
            pause = min(pause * 2, Self.longestPause)
            _ = try? Systemd.notify("STATUS=\(printable("the next attempt is in \(rest.clockText): \(cause)"))")
            try await ContinuousClock().sleep(for: rest)
        }
        await http.shutDown()
        return .success
    }

    /// Reports once, after a run by hand on a node on which no service reports.
    func runOnce(within limit: Duration) async {
        let http = HTTPClient()
        _ = await reporter(gracePeriod: .zero)?.report(http, within: limit)
        await http.shutDown()
    }

    /// Creates the reporter, or returns `nil` if the node does not report.
    ///
    /// Every attempt creates a reporter, because the task file may have changed.
    private func reporter(gracePeriod: Duration) -> NodeReporter? {
        guard let configuration = try? Configuration(checking: options), let report = configuration.report else {
            return nil
        }
        return NodeReporter(configuration: configuration, report: report, output: output, gracePeriod: gracePeriod)
    }

    /// Requests a report from the service, if the node reports to the cluster.
    ///
    /// The service is restarted, so that it reads the records again. If systemd refuses, the timer starts the service.
    static func request(_ report: ReportDeclaration?) async {
        guard report != nil else { return }
        _ = try? await Systemd.queue([.restart(reportUnitName)], timeout: answerLimit)
    }
}
