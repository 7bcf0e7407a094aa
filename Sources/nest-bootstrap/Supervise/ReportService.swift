import Base
import HTTP
import Host
import Planning
import Reporting
import State

/// Reports the state of the node to the cluster: `supervise --only-report`.
struct ReportService {
    let options: Options
    let output: ConsoleOutput

    /// How long it waits before it sends anything, in seconds.
    ///
    /// Several tasks may end at the same time, on this node and, when a server fails or the power returns, on all nodes.
    private static let delays = 1.0...10.0

    /// How long the requests of one attempt may take.
    private static let attemptLimit = Duration.seconds(20)

    /// The pauses after attempts that have failed.
    private static let firstPause = Duration.seconds(10)
    private static let longestPause = Duration.seconds(300)

    /// How long reports may fail without a warning: every boot has seconds without a server, a Node or a kubeconfig.
    private static let gracePeriod = Duration.seconds(60)

    /// How long systemd may take to answer: what follows from the end of a task does not wait for a report.
    private static let answerLimit = Duration.seconds(2)

    /// Reports until everything is reported.
    ///
    /// Without a server it does not end. Each attempt has a deadline, and systemd stops the process.
    ///
    /// - Returns: Success; the cause of a failed attempt is a warning and the status of the service.
    /// - Throws: ``HTTP/TransportError`` if libcurl cannot be set up.
    func run() async throws -> ExitCode {
        let http = try HTTPClient()
        // A failure may be followed by its recovery, and this process by another one, before anything is sent.
        await reporter(gracePeriod: Self.gracePeriod)?.note()
        var pause = Self.firstPause
        var rest = Duration.seconds(Double.random(in: Self.delays))
        repeat {
            try await ContinuousClock().sleep(for: rest)
            let status: String
            switch await attempt(http, Self.attemptLimit, gracePeriod: Self.gracePeriod) {
            case .isComplete:
                await http.shutDown()
                return .success
            case .hasMore:
                rest = Self.firstPause
                status = "more Events are sent in \(rest.clockText)"
            case .failed(let cause):
                rest = pause * Double.random(in: 0.8...1.2)
                pause = min(pause * 2, Self.longestPause)
                status = "the next attempt is in \(rest.clockText): \(cause)"
            }
            _ = try? Systemd.notify("STATUS=\(printable(status))")
        } while true
    }

    /// Reports once after a run by hand, where no service does.
    ///
    /// - Parameter limit: How long the requests may take.
    func runOnce(within limit: Duration) async {
        guard let http = try? HTTPClient() else { return }
        _ = await attempt(http, limit, gracePeriod: .zero)
        await http.shutDown()
    }

    private func attempt(_ http: HTTPClient, _ limit: Duration, gracePeriod: Duration) async -> NodeReporter.Result {
        await reporter(gracePeriod: gracePeriod)?.report(http, within: limit) ?? .isComplete
    }

    /// The reporter, `nil` if the node does not report; made each time, because the task file may have changed.
    private func reporter(gracePeriod: Duration) -> NodeReporter? {
        guard let configuration = try? Configuration(checking: options), let report = configuration.report else {
            return nil
        }
        return NodeReporter(configuration: configuration, report: report, output: output, gracePeriod: gracePeriod)
    }

    /// Has the service report, if the node has it.
    ///
    /// It is restarted, so that it looks at the records once more. If systemd refuses, the timer starts it.
    static func request(_ report: ReportDeclaration?) async {
        guard report != nil else { return }
        _ = try? await Systemd.queue([.restart(reportUnitName)], timeout: answerLimit)
    }
}
