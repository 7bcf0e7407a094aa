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

    /// The maximum duration of the requests of one attempt.
    private static let attemptLimit = Duration.seconds(20)

    /// The pauses after attempts that have failed.
    private static let firstPause = Duration.seconds(10)
    private static let longestPause = Duration.seconds(300)

    /// The time after which the service stops looking for a missing Node; the timer starts it again.
    private static let registrationLimit = Duration.seconds(600)

    /// The time for which reports may fail without a warning.
    ///
    /// Every boot has a few seconds without a server or a kubeconfig.
    private static let gracePeriod = Duration.seconds(60)

    /// The maximum time for systemd to answer, because the end of a task does not wait for a report.
    private static let answerLimit = Duration.seconds(2)

    /// Sends reports until everything is reported.
    ///
    /// Without a server, the function does not return: each attempt has a deadline, but the attempts continue until
    /// systemd stops the process. Without a Node, it returns after ``registrationLimit``.
    ///
    /// - Returns: Always success; the cause of a failed attempt is shown as a warning and as the status of the service.
    /// - Throws: ``HTTP/TransportError`` if libcurl cannot be set up.
    func run() async throws -> ExitCode {
        let http = HTTPClient()
        // Results are recorded before the delay, because a failed task may recover, or this process may be replaced.
        await reporter(gracePeriod: Self.gracePeriod)?.note()
        let start = ContinuousClock.now
        var pause = Self.firstPause
        var rest = Duration.seconds(Double.random(in: Self.delays))
        repeat {
            try await ContinuousClock().sleep(for: rest)
            let status: String
            switch await attempt(http, Self.attemptLimit, gracePeriod: Self.gracePeriod) {
            case .hasMore:
                rest = Self.firstPause
                status = "more Events are sent in \(rest.clockText)"
            case .isComplete,
                .lacksNode where .now - start > Self.registrationLimit:
                await http.shutDown()
                return .success
            case .lacksNode(let node):
                rest = pause * Double.random(in: 0.8...1.2)
                pause = min(pause * 2, Self.longestPause)
                status = "Node '\(node)' does not exist yet, and is looked for again in \(rest.clockText)"
            case .failed(let cause):
                rest = pause * Double.random(in: 0.8...1.2)
                pause = min(pause * 2, Self.longestPause)
                status = "the next attempt is in \(rest.clockText): \(cause)"
            }
            _ = try? Systemd.notify("STATUS=\(printable(status))")
        } while true
    }

    /// Reports once, after a run by hand on a node on which no service reports.
    ///
    /// - Parameter limit: The maximum duration of the requests.
    func runOnce(within limit: Duration) async {
        let http = HTTPClient()
        _ = await attempt(http, limit, gracePeriod: .zero)
        await http.shutDown()
    }

    private func attempt(_ http: HTTPClient, _ limit: Duration, gracePeriod: Duration) async -> NodeReporter.Result {
        await reporter(gracePeriod: gracePeriod)?.report(http, within: limit) ?? .isComplete
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
