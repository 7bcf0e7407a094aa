import Actions
import Base
import HTTP
import Host
import Kubernetes
import Planning
import Reporting
import State
import TLS

/// Compares the state of this node in the cluster with the records of its tasks, and sends the differences.
struct NodeReporter {
    let configuration: Configuration
    let report: ReportDeclaration
    let output: ConsoleOutput

    /// The time for which reports may fail without a warning.
    let gracePeriod: Duration

    /// The result of an attempt to report.
    enum Result {
        /// Everything is reported, or no kubeconfig exists for a report.
        case isComplete
        /// More Events are pending than are sent at once.
        case hasMore
        /// The condition is not reported, because the Node with the given name does not exist.
        case lacksNode(String)
        /// Something could not be sent, for the given reason.
        case failed(String)
    }

    /// The reason why something could not be sent, with its kind.
    private struct Failure: Error {
        let kind: ReportProblem.Kind
        let problem: Problem
    }

    /// The maximum number of Events that are sent at once.
    private static let burstLimit = 10

    /// The maximum wait for another process that is reporting.
    private static let lockLimit = Duration.seconds(5)

    /// The maximum length of the message of an Event.
    private static let messageLimit = 1000

    /// The age at which an unchanged condition is written again, so that readers see that the node still reports.
    private static let refreshInterval = Duration.seconds(24 * 3600)

    /// Records the results of the tasks, so that a later report includes them.
    ///
    /// A failure to record the results is printed by the next report.
    func note() async {
        guard kubeconfig() != nil, let records = try? configuration.records(),
            let lock = try? await records.awaitReportLock(until: .now + Self.lockLimit)
        else { return }
        _ = try? look(records)
        lock.release()
    }

    /// Sends the differences; prints a problem if it persists, and prints when it has been solved.
    ///
    /// - Parameters:
    ///   - http: The client that sends requests.
    ///   - limit: The maximum duration of the requests.
    /// - Returns: The result of the attempt.
    func report(_ http: HTTPClient, within limit: Duration) async -> Result {
        guard let kubeconfig = kubeconfig() else { return .isComplete }
        do throws(SystemError) {
            let records = try configuration.records()
            guard let lock = try await records.awaitReportLock(until: .now + Self.lockLimit) else {
                return .failed("another process is reporting")
            }
            defer { withExtendedLifetime(lock) {} }
            return try await report(records, kubeconfig, http, until: .now + limit)
        } catch {
            let problem = Problem("cannot write what is reported to the cluster", cause: error)
            output.report(warnings: problems(of: problem))
            return .failed(publicChain(problem))
        }
    }

    /// Records the results of the tasks, and sends them.
    ///
    /// The state is written before anything is sent, and again after each step. If the process is killed, the next
    /// process continues with the written state.
    private func report(
        _ records: RecordStore,
        _ kubeconfig: String,
        _ http: HTTPClient,
        until deadline: ContinuousClock.Instant,
    ) async throws(SystemError) -> Result {
        var (state, condition) = try look(records)
        let failure: Failure?
        var missingNode: String?
        switch await send(condition, kubeconfig, http, until: deadline) {
        case .success(let destination):
            missingNode = destination.hasNode ? nil : destination.node
            failure = try await sendEvents(&state, records, to: destination, until: deadline)
        case .failure(let error): failure = error
        }
        if let failure {
            let text = publicChain(failure.problem)
            let problem = ReportProblem(failure.kind, text, since: .now())
            let (noted, isWarningDue) = problem.following(state.problem, gracePeriod: gracePeriod)
            if isWarningDue { output.report(warnings: problems(of: failure.problem)) }
            state.problem = noted
            try records.write(state)
            return .failed(text)
        }
        if let problem = state.problem {
            if problem.printed != nil { output.write("report to the cluster succeeded again\n") }
            state.problem = nil
            try records.write(state)
        }
        guard state.unsent.isEmpty else { return .hasMore }
        return missingNode.map(Result.lacksNode) ?? .isComplete
    }

    /// Returns the kubeconfig declared for reports or, if there is none, the first existing kubeconfig of the plan.
    private func kubeconfig() -> String? {
        let paths = report.kubeconfigs(configuration.plan)
        return report.kubeconfig?.path ?? paths.first { (try? configuration.files.exists($0)) == true }
    }

    /// Determines the state to report, and records failures and recoveries.
    private func look(_ records: RecordStore) throws(SystemError) -> (ReportState, BootstrapCondition) {
        let before = records.reportState()
        guard configuration.problems.isEmpty else {
            return (before, BootstrapCondition(invalid: configuration.problems))
        }
        let known = records.publicRecords
        let health = known.health()
        let statuses = known.statuses(of: configuration.plan.steps.map(\.task.name))
        var state = before
        state.note(statuses, health)
        if state != before { try records.write(state) }
        return (state, BootstrapCondition(statuses, health, reported: state.failing))
    }

    /// The destination of reports.
    private struct Destination {
        let reports: NodeReports
        /// The name of the Node whose kubelet's credentials are used, `nil` for another user.
        let kubeletNode: String?
        /// The name of the Node.
        let node: String
        /// Whether the Node exists.
        var hasNode = true
    }

    /// Writes the condition to the Node, if the Node exists.
    private func send(
        _ condition: BootstrapCondition,
        _ kubeconfig: String,
        _ http: HTTPClient,
        until deadline: ContinuousClock.Instant,
    ) async -> Swift.Result<Destination, Failure> {
        var destination: Destination
        do throws(Problem) {
            let connection = try ClusterConnection(kubeconfig: kubeconfig, configuration.files, http)
            destination = Destination(
                reports: NodeReports(client: connection.client),
                kubeletNode: Self.kubeletNode(connection.commonName),
                node: nodeName(connection.commonName)
            )
        } catch {
            let problem = Problem("cannot report to the cluster", hint: error.hint, cause: error)
            return .failure(Failure(kind: .kubeconfig, problem: problem))
        }
        let (reports, name) = (destination.reports, destination.node)
        let new = NodeCondition(
            status: condition.reason.status.rawValue,
            reason: condition.reason.rawValue,
            message: condition.message,
        )
        do throws(APIError) {
            guard let node = try await reports.node(name, until: deadline) else {
                destination.hasNode = false
                return .success(destination)
            }
            let (known, now) = (node.conditions[BootstrapCondition.type], Timestamp.now())
            let due = new.replacing(known, at: now)
            if due != known || known?.isFresh(at: now, within: Self.refreshInterval) != true {
                try await reports.write(due, BootstrapCondition.type, of: name, until: deadline)
            }
            return .success(destination)
        } catch {
            return .failure(failure(error, destination, "cannot report to the cluster", refusal: .refusal))
        }
    }

    /// Sends the pending Events, and drops Events that the server refuses permanently.
    ///
    /// - Returns: The failure because of which Events are still pending, or `nil` if there was none.
    private func sendEvents(
        _ state: inout ReportState,
        _ records: RecordStore,
        to destination: Destination,
        until deadline: ContinuousClock.Instant,
    ) async throws(SystemError) -> Failure? {
        for incident in state.unsent.prefix(Self.burstLimit) {
            do throws(APIError) {
                try await destination.reports.write(event(incident, of: destination.node), until: deadline)
            } catch {
                guard case .refused = error, error.disposition == .permanent else {
                    let message = "cannot write an Event about task '\(incident.task)' to the cluster"
                    return failure(error, destination, message, refusal: .events)
                }
                let message = "an Event about task '\(incident.task)' is not written to the cluster, which refuses it"
                output.report(warnings: problems(of: Problem(message, cause: error)))
            }
            state.unsent.removeFirst()
            try records.write(state)
        }
        return nil
    }

    private func failure(
        _ error: APIError,
        _ destination: Destination,
        _ message: String,
        refusal: ReportProblem.Kind,
    ) -> Failure {
        let own = destination.kubeletNode.map { $0 == destination.node } ?? true
        let advice =
            own
            ? "apply the roles that 'nest-bootstrap rbac' prints, or write report: false below cluster:"
            : "a kubelet reports only about its own Node: correct or remove 'node' in 'cluster.report'"
        let kind: ReportProblem.Kind =
            switch error {
            case .refused(let response) where response.code == 401: .credentials
            case .refused(let response) where response.code < 500: refusal
            default: .server
            }
        let cause = destination.reports.problem(error, forbidden: advice)
        return Failure(kind: kind, problem: Problem(message, cause: cause))
    }

    /// Returns the name of this machine's Node object: as declared, from the kubelet's certificate, or the host name.
    private func nodeName(_ commonName: String?) -> String {
        report.node ?? Self.kubeletNode(commonName) ?? configuration.declarations.hostName.lowercased()
    }

    /// Returns the name of the Node in a kubelet's certificate, `nil` if the certificate is not that of a kubelet.
    private static func kubeletNode(_ commonName: String?) -> String? {
        let prefix = ReportDeclaration.kubeletUserPrefix
        guard let commonName, commonName.hasPrefix(prefix) else { return nil }
        return String(commonName.dropFirst(prefix.count))
    }

    /// Creates the Event of a failure or a recovery.
    ///
    /// An Event about the same failure has the same name during one boot, however often it is sent.
    private func event(_ incident: ReportState.Incident, of node: String) -> NodeEvent {
        var digest = SHA256()
        let kind = incident.isRecovery ? "recovered" : "failed"
        let boot = (try? Machine.bootIdentifier()) ?? ""
        digest.update(Array("\(boot) \(node) \(incident.task) \(kind) \(incident.first)".utf8))
        let message = printable(incident.message)
        return NodeEvent(
            // The names of Nodes and of Events have at most 253 characters.
            name: "\(node.prefix(230)).\(digest.finish().description.prefix(16))",
            node: node,
            isWarning: !incident.isRecovery,
            reason: incident.isRecovery ? "BootstrapTaskRecovered" : "BootstrapTaskFailed",
            message: message.shortened(to: Self.messageLimit),
            count: incident.count,
            first: incident.first,
            last: incident.last,
        )
    }
}
