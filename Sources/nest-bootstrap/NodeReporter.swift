import Actions
import Base
import HTTP
import Host
import Kubernetes
import Planning
import Reporting
import State
import TLS

/// Compares what the cluster knows of this node with the records of its tasks, and sends what differs.
struct NodeReporter {
    let configuration: Configuration
    let report: ReportDeclaration
    let output: ConsoleOutput

    /// How an attempt to report has ended.
    enum Result {
        /// Everything is reported, or there is nowhere to report to.
        case isComplete
        /// There are more Events than are sent at once.
        case hasMore
        /// Not everything could be sent.
        case failed
    }

    /// How many Events are sent at once.
    private static let burstLimit = 10

    /// How long another process may be reporting; after it this one goes on regardless.
    private static let lockLimit = Duration.seconds(5)

    /// The longest message of an Event.
    private static let messageLimit = 1000

    /// How long a condition may stay as it was written without being written again: readers see that the node still reports.
    private static let refreshInterval = Duration.seconds(24 * 3600)

    /// Sends what differs; a problem is printed when it begins and when it has ended.
    func report(_ http: HTTPClient, until deadline: ContinuousClock.Instant) async -> Result {
        do throws(Problem) {
            guard let kubeconfig = kubeconfig() else { return .isComplete }
            let records: RecordStore
            do throws(SystemError) {
                records = try configuration.records()
            } catch {
                throw Problem("cannot report to the cluster", cause: error)
            }
            return await report(records, kubeconfig, http, until: deadline)
        } catch {
            output.report(warnings: problems(of: error))
            return .failed
        }
    }

    private func report(
        _ records: RecordStore,
        _ kubeconfig: String,
        _ http: HTTPClient,
        until deadline: ContinuousClock.Instant,
    ) async -> Result {
        let lock = try? await records.awaitReportLock(until: .now + Self.lockLimit)
        defer { withExtendedLifetime(lock) {} }
        var state = records.reportState()
        let condition = look(records, &state)
        let before = state.problem
        do throws(Problem) {
            try await send(condition, &state, kubeconfig, http, until: deadline)
            state.problem = nil
            if before != nil { output.write("the cluster has the report of this node again\n") }
        } catch {
            // While it lasts it may have other words each time.
            if before == nil { output.report(warnings: problems(of: error)) }
            state.problem = publicChain(error)
        }
        do throws(SystemError) {
            if state != records.reportState() { try records.write(state) }
        } catch {
            output.report(warnings: problems(of: Problem("cannot write what is reported to the cluster", cause: error)))
        }
        return state.problem != nil ? .failed : state.unsent.isEmpty ? .isComplete : .hasMore
    }

    /// The first kubeconfig that exists, or the one that the task file names.
    private func kubeconfig() -> String? {
        let paths = report.kubeconfigs(configuration.plan)
        return report.kubeconfig?.path ?? paths.first { (try? configuration.files.exists($0)) == true }
    }

    /// Determines what the cluster should know, and notes failures and recoveries.
    private func look(_ records: RecordStore, _ state: inout ReportState) -> BootstrapCondition {
        guard configuration.problems.isEmpty else { return BootstrapCondition(invalid: configuration.problems) }
        let records = records.publicRecords
        let health = records.health()
        let statuses = records.statuses(of: configuration.plan.steps.map(\.task.name))
        state.note(statuses, health)
        return BootstrapCondition(statuses, health, reported: state.failing)
    }

    private func send(
        _ condition: BootstrapCondition,
        _ state: inout ReportState,
        _ kubeconfig: String,
        _ http: HTTPClient,
        until deadline: ContinuousClock.Instant,
    ) async throws(Problem) {
        let reports: NodeReports
        let name: String
        do throws(Problem) {
            let connection = try ClusterConnection(kubeconfig: kubeconfig, configuration.files, http)
            reports = NodeReports(client: connection.client)
            name = nodeName(connection.commonName)
        } catch {
            throw Problem("cannot report to the cluster", hint: error.hint, cause: error)
        }
        do throws(APIError) {
            guard let node = try await reports.node(name, until: deadline) else {
                throw .pending("Node '\(name)' does not exist yet", .retry)
            }
            let known = node.conditions[BootstrapCondition.type]
            let now = Timestamp.now()
            let due = NodeCondition(
                status: condition.reason.status.rawValue,
                reason: condition.reason.rawValue,
                message: condition.message,
            ).replacing(known, at: now)
            if due != known || known?.isFresh(at: now, within: Self.refreshInterval) != true {
                try await reports.write(due, BootstrapCondition.type, of: name, until: deadline)
            }
            for incident in state.unsent.prefix(Self.burstLimit) {
                try await reports.write(event(incident, of: name), until: deadline)
                state.unsent.removeFirst()
            }
        } catch .pending(let words, _, _) {
            let hint = "the kubelet registers it; if it has another name, write it as 'node' in 'cluster.report'"
            throw Problem("cannot report to the cluster: \(words)", hint: hint)
        } catch {
            let advice = "apply the roles that 'nest-bootstrap rbac' prints, or write report: false below cluster:"
            throw Problem("cannot report to the cluster", cause: reports.problem(error, forbidden: advice))
        }
    }

    /// The name of this node's Node: as the task file says, that of the kubelet, or the host name as the kubelet uses it.
    private func nodeName(_ commonName: String?) -> String {
        if let node = report.node { return node }
        let prefix = ReportDeclaration.kubeletUserPrefix
        if let commonName, commonName.hasPrefix(prefix) { return String(commonName.dropFirst(prefix.count)) }
        return configuration.declarations.hostName.lowercased()
    }

    /// The Event of a failure or a recovery.
    ///
    /// The same failure has the same name on one boot, however often it is sent.
    private func event(_ incident: ReportState.Incident, of node: String) -> NodeEvent {
        var digest = SHA256Digest()
        let kind = incident.isRecovery ? "recovered" : "failed"
        let boot = (try? Machine.bootIdentifier()) ?? ""
        digest.update(Array("\(boot) \(node) \(incident.task) \(kind) \(incident.first)".utf8))
        let message = printable(incident.message)
        return NodeEvent(
            // A Node's name has at most 253 characters, and so has that of an Event.
            name: "\(node.prefix(230)).\(digest.finish().prefix(16))",
            node: node,
            isWarning: !incident.isRecovery,
            reason: incident.isRecovery ? "BootstrapTaskRecovered" : "BootstrapTaskFailed",
            message: message.count <= Self.messageLimit ? message : message.prefix(Self.messageLimit) + "…",
            count: incident.count,
            first: incident.first,
            last: incident.last,
        )
    }
}
