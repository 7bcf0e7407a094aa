import Base
import HTTP
import Host
import Planning
import Reporting
import State

/// Command `supervise --only-report`: the state of the node, as the cluster should know it.
struct ReportCommand {
    let options: Options
    let output: ConsoleOutput

    /// How long it waits before it looks at the records, in seconds.
    ///
    /// Several tasks may end at the same time, on this node and, when a server fails or the power returns, on all nodes.
    private static let delays = 1.0...10.0

    /// How long the requests of one attempt may take.
    private static let attemptLimit = Duration.seconds(20)

    /// The pauses after attempts that have failed.
    private static let firstPause = Duration.seconds(10)
    private static let longestPause = Duration.seconds(300)

    /// How long systemd may take to answer: what follows from the end of a task does not wait for a report.
    private static let answerLimit = Duration.seconds(2)

    /// Reports until everything is reported.
    ///
    /// - Returns: Success; what keeps it from that is a warning.
    /// - Throws: ``HTTP/TransportError`` if libcurl cannot be set up.
    func run() async throws -> ExitCode {
        let http = try HTTPClient()
        var pause = Self.firstPause
        var rest = Duration.seconds(Double.random(in: Self.delays))
        repeat {
            try await ContinuousClock().sleep(for: rest)
            switch await attempt(http, Self.attemptLimit) {
            case .isComplete:
                await http.shutDown()
                return .success
            case .hasMore: rest = Self.firstPause
            case .failed:
                rest = pause * Double.random(in: 0.8...1.2)
                pause = min(pause * 2, Self.longestPause)
            }
            _ = try? Systemd.notify("STATUS=not everything is reported; the next attempt is in \(rest.clockText)")
        } while true
    }

    /// Reports once after a run by hand, where no service does.
    ///
    /// - Parameter limit: How long the requests may take.
    func runOnce(within limit: Duration) async {
        guard let http = try? HTTPClient() else { return }
        _ = await attempt(http, limit)
        await http.shutDown()
    }

    private func attempt(_ http: HTTPClient, _ limit: Duration) async -> NodeReporter.Result {
        // Read each time: the task file may have changed.
        guard let configuration = try? Configuration(checking: options), let report = configuration.report else {
            return .isComplete
        }
        let reporter = NodeReporter(configuration: configuration, report: report, output: output)
        return await reporter.report(http, until: .now + limit)
    }

    /// Has the service report, if the node has it.
    ///
    /// It is restarted, so that it looks at the records once more. What systemd refuses is done by its timer.
    static func request(_ report: ReportDeclaration?) async {
        guard report != nil else { return }
        _ = try? await Systemd.queue([.restart(reportUnitName)], timeout: answerLimit)
    }
}
