import Actions
import Base
import HTTP
import Host
import Kubernetes
import Planning
import Reporting

/// A reporter of this node's task states to the cluster, as a condition of the Node and as Events.
struct NodeReporter {
    let configuration: Configuration
    let report: ReportDeclaration
    let output: ConsoleOutput

    /// The time for which reports may fail without a warning.
    let gracePeriod: Duration

    /// The maximum time to wait while another process reports.
    private static let lockLimit = Duration.seconds(5)

    /// The age at which an unchanged condition is written again, which shows that the node still reports.
    private static let refreshInterval = Duration.seconds(24 * 3600)

    /// Reports once, and returns why a later attempt is needed; returns `nil` if none is, or if there is no kubeconfig.
    ///
    /// If reports fail for the whole grace period, a warning is printed once, and so is the next success.
    func report(_ http: HTTPClient, within limit: Duration) async -> String? {
        guard let kubeconfig = kubeconfig() else { return nil }
        do throws(SystemError) {
            let records = try configuration.records()
            let lock = try await FileLock.wait(until: .now + Self.lockLimit) { () throws(SystemError) in
                try records.lockReport()
            }
            guard let lock else { return "another process is reporting" }
            defer { withExtendedLifetime(lock) {} }
            let before = records.reportState()
            var state = before
            let condition = condition(records, &state)
            // If this process is killed while it sends the report, the next process continues with this state.
            if state != before { try records.write(state) }
            let noted = state
            let reason: String?
            do throws(Problem) {
                reason = try await send(condition, &state, kubeconfig, http, until: .now + limit)
                if state.problem?.isPrinted == true { output.write("report to the cluster succeeded again\n") }
                state.problem = nil
            } catch {
                let problem = Problem("cannot report to the cluster", hint: error.hint, cause: error)
                let text = publicChain(problem)
                let isDue = state.noteProblem(text, gracePeriod: gracePeriod)
                if isDue { output.report(warnings: problems(of: problem)) }
                reason = text
            }
            if state != noted { try records.write(state) }
            return reason
        } catch {
            let problem = Problem("cannot write what is reported to the cluster", cause: error)
            output.report(warnings: problems(of: problem))
            return publicChain(problem)
        }
    }

    /// Returns the declared kubeconfig or, if none is declared, the first existing kubeconfig of a kubelet.
    private func kubeconfig() -> String? {
        let paths = report.kubeconfigs(configuration.plan)
        return report.kubeconfig?.path ?? paths.first { (try? configuration.files.exists($0)) == true }
    }

    /// Determines the condition to report and, for valid task files, records failures and recoveries in the state.
    private func condition(_ records: RecordStore, _ state: inout ReportState) -> BootstrapCondition {
        guard configuration.problems.isEmpty else { return BootstrapCondition(invalid: configuration.problems) }
        let known = records.publicRecords
        let health = known.health()
        let statuses = known.statuses(of: configuration.plan.steps.map(\.task.name))
        state.note(statuses, health)
        return BootstrapCondition(statuses, health, reported: state.failing)
    }

    /// Writes the condition, if it is due, and pending Events; returns why a later attempt is needed, or `nil`.
    private func send(
        _ condition: BootstrapCondition,
        _ state: inout ReportState,
        _ kubeconfig: String,
        _ http: HTTPClient,
        until deadline: ContinuousClock.Instant,
    ) async throws(Problem) -> String? {
        let client = try configuration.files.client(kubeconfig: kubeconfig, http)
        let reports = NodeReports(client: client)
        let name = nodeName(client.credentials.commonName)
        do throws(APIError) {
            let conditions = try await reports.conditions(of: name, until: deadline)
            if let conditions {
                let reason = condition.reason
                let new = NodeCondition(status: reason.status, reason: reason.rawValue, message: condition.message)
                let (known, now) = (conditions[BootstrapCondition.type], Timestamp.now())
                let due = new.replacing(known, at: now)
                if due != known || known?.isFresh(at: now, within: Self.refreshInterval) != true {
                    try await reports.write(due, BootstrapCondition.type, of: name, until: deadline)
                }
            }
            // An Event that is sent again has the same name, so that it is not duplicated.
            for (index, failure) in state.failures.enumerated() {
                if !failure.isSent { try await reports.write(event(failure, of: name), until: deadline) }
                state.failures[index].isSent = true
                guard let time = failure.recoveredAt else { continue }
                try await reports.write(recovery(failure, at: time, of: name), until: deadline)
            }
            state.failures.removeAll { $0.recoveredAt != nil }
            return conditions == nil ? "Node '\(name)' does not exist yet" : nil
        } catch {
            let advice = "apply the roles that 'nest-bootstrap rbac' prints, or write report: false below cluster:"
            throw reports.problem(error, forbidden: advice)
        }
    }

    /// Returns the declared name of the Node, else the name in a kubelet's client certificate, else the host name.
    private func nodeName(_ commonName: String?) -> String {
        let prefix = ReportDeclaration.kubeletUserPrefix
        if let node = report.node { return node }
        if let commonName, commonName.hasPrefix(prefix) { return String(commonName.dropFirst(prefix.count)) }
        return configuration.declarations.hostName.lowercased()
    }

    private func event(_ failure: ReportState.Failure, of node: String) -> NodeEvent {
        NodeEvent(
            name: eventName("failed", failure.task, failure.first, node),
            node: node,
            isWarning: true,
            reason: "BootstrapTaskFailed",
            message: printable(failure.message),
            count: failure.count,
            first: failure.first,
            last: failure.last,
        )
    }

    private func recovery(_ failure: ReportState.Failure, at time: Timestamp, of node: String) -> NodeEvent {
        var event = event(failure, of: node)
        event.name = eventName("recovered", failure.task, time, node)
        (event.isWarning, event.reason) = (false, "BootstrapTaskRecovered")
        let times = failure.count == 1 ? "one failure" : "\(failure.count) failures"
        event.message = "task '\(failure.task)' has recovered after \(times)"
        (event.count, event.first, event.last) = (1, time, time)
        return event
    }

    /// Returns the name of an Event, which is the same whenever this Event is written on this boot.
    private func eventName(_ kind: String, _ task: String, _ first: Timestamp, _ node: String) -> String {
        let boot = (try? Machine.bootIdentifier()) ?? ""
        let digest = sha256(Array("\(boot) \(node) \(task) \(kind) \(first)".utf8))
        // The names of Nodes and of Events have at most 253 characters.
        return "\(node.prefix(230)).\(digest.prefix(16))"
    }
}

/// The reporting service, `supervise --only-report`, and single reports.
extension NodeReporter {
    /// The range of delays in seconds before the first attempt, which spreads the reports of nodes that boot together.
    private static let delays = 1.0...10.0
    private static let attemptLimit = Duration.seconds(20)

    // The pauses after attempts, before a random deviation of up to 20 %.
    private static let firstPause = Duration.seconds(10)
    private static let longestPause = Duration.seconds(300)

    /// The grace period of the service, because a booting node may have no server or kubeconfig for some seconds.
    private static let gracePeriodOfService = Duration.seconds(60)

    /// The maximum time for systemd to answer.
    private static let answerLimit = Duration.seconds(2)

    /// Reports until no later attempt is needed, after a random delay.
    ///
    /// During a pause, the status of the service shows why another attempt is needed.
    static func serve(_ options: Options, _ output: ConsoleOutput) async throws {
        try await ContinuousClock().sleep(for: .seconds(Double.random(in: delays)))
        var pause = firstPause
        while let cause = await attempt(options, output, within: attemptLimit, gracePeriod: gracePeriodOfService) {
            let rest = pause * Double.random(in: 0.8...1.2)
            pause = min(pause * 2, longestPause)
            notifyManager("STATUS=\(printable("the next attempt is in \(rest.clockText): \(cause)"))")
            try await ContinuousClock().sleep(for: rest)
        }
    }

    /// Reports once, if the node reports to the cluster, and returns why a later attempt is needed, or `nil`.
    ///
    /// Every attempt reads the task files, because they may have changed. If they cannot be read, nothing is reported.
    @discardableResult
    static func attempt(
        _ options: Options,
        _ output: ConsoleOutput,
        within limit: Duration,
        gracePeriod: Duration
    ) async -> String? {
        guard let configuration = try? Configuration(checking: options), let report = configuration.report else {
            return nil
        }
        let http = HTTPClient()
        let reporter = Self(configuration: configuration, report: report, output: output, gracePeriod: gracePeriod)
        let cause = await reporter.report(http, within: limit)
        await http.shutDown()
        return cause
    }

    /// If the node reports to the cluster, restarts the reporting service, which then reads the records again.
    ///
    /// If systemd refuses, the timer starts the service later.
    static func request(_ report: ReportDeclaration?) async {
        guard report != nil else { return }
        _ = try? await Systemd.queue([(.restart, reportUnitName)], timeout: answerLimit)
    }
}
