public import Base
import Host
import Planning

/// The state of the reports to the cluster, stored in the state directory between reports.
public struct ReportState: Sendable, Hashable, Codable {
    /// The failure of a task, kept from the first failed attempt until the recovery is reported or the task fails again.
    public struct Failure: Sendable, Hashable, Codable {
        public var task: String
        /// The message about the last recorded failure, which every user may read.
        public var message: String
        /// The number of attempts since the last success, 1 if no number is recorded.
        public var count: Int
        public var first: Timestamp
        /// The time at which the last failed attempt ended or, if that is not recorded, the failure was noticed.
        public var last: Timestamp
        /// Whether the last recorded failure has been reported.
        public var isSent = false
        /// The time at which the recovery was noticed, `nil` until then.
        public var recoveredAt: Timestamp?
    }

    /// The reason why the last report could not be sent.
    public struct SendingProblem: Sendable, Hashable, Codable {
        /// The text, which every user may read.
        public var text: String
        /// The time of the first failed report since the last successful one.
        public var since: Timestamp
        public var isPrinted: Bool
    }

    public var failures: [Failure] = []

    public var failing: Set<String> { Set(failures.filter { $0.recoveredAt == nil }.map(\.task)) }

    public var problem: SendingProblem?

    public init() {}

    /// Records failures and recoveries since the last call.
    ///
    /// Recoveries, and failures without a recorded end, get the current time.
    public mutating func note(
        _ statuses: [TaskStatus],
        _ health: NodeHealth = NodeHealth(),
        at now: Timestamp = .now(),
    ) {
        let names = Set(statuses.map(\.task))
        // Tasks that were removed from the task file are no longer reported.
        failures.removeAll { !names.contains($0.task) }
        let failing = failing
        for status in statuses {
            let known = failures.first { $0.task == status.task && $0.recoveredAt == nil }
            if let failure = status.failure(health, reported: failing) {
                guard let new = Self.failure(failure, of: status.task, after: known, at: now) else { continue }
                failures.removeAll { $0.task == status.task }
                failures.append(new)
            } else if status.state.isSuccess, let index = failures.firstIndex(where: { $0 == known }) {
                failures[index].recoveredAt = now
            }
        }
    }

    /// Returns the failure to record, or `nil` if it is already recorded or concerns only an earlier attempt.
    private static func failure(
        _ new: TaskFailure,
        of task: String,
        after known: Failure?,
        at now: Timestamp,
    ) -> Failure? {
        guard let message = new.message(of: task) else { return nil }
        let time = new.finishedAt ?? now
        // Without a record, the number of further failures is not known.
        if let known, new.finishedAt == nil || known.count == new.attempt && known.last == time { return nil }
        return Failure(task: task, message: message, count: new.attempt, first: known?.first ?? time, last: time)
    }

    /// Records why a report could not be sent, and returns whether a warning is due.
    ///
    /// A warning is due once, after the grace period: during a boot, the server is often unreachable for some seconds.
    public mutating func noteProblem(_ text: String, gracePeriod: Duration, at now: Timestamp = .now()) -> Bool {
        let since = problem?.since ?? now
        let wasPrinted = problem?.isPrinted ?? false
        let isDue = !wasPrinted && now.seconds - since.seconds >= gracePeriod.components.seconds
        problem = SendingProblem(text: text, since: since, isPrinted: wasPrinted || isDue)
        return isDue
    }
}

extension RecordStore {
    private static let reportName = "report.json"

    /// The name of the directory of reports, which may belong to the user of the reporting service.
    static let reportDirectory = "report"

    func reportDirectory(isCreating: Bool) throws(SystemError) -> DirectoryHandle {
        try directory(isCreating: isCreating)
            .directory(Self.reportDirectory, creatingWith: isCreating ? 0o755 : nil, isOfService: true)
    }

    /// Reads the state of reports, empty if the file cannot be read, is damaged or is from another boot.
    public func reportState() -> ReportState {
        read(Self.reportName, in: reportDirectory(isCreating:)) ?? ReportState()
    }

    public func write(_ state: ReportState) throws(SystemError) {
        try write(state, to: Self.reportName, in: reportDirectory(isCreating:))
    }
}

/// A failure from which a task has not recovered.
struct TaskFailure: Sendable, Hashable {
    /// The part of a task that failed.
    enum Subject: Sendable, Hashable {
        /// The task itself, in its last attempt.
        case task
        /// The last repetition of a task that had succeeded on this boot.
        case repetition
        /// The task's unit, without a record of the failure.
        case unit
        /// An earlier attempt of a task that has not recovered, and is not known to have failed again.
        case earlierAttempt
    }

    var subject: Subject

    /// The reasons as lines, empty if no record contains them.
    var reasons: [String] = []

    var attempt = 1

    /// The time at which the attempt ended, `nil` if there is no record of it.
    var finishedAt: Timestamp?

    /// The maximum number of characters in a cause.
    private static let lineLimit = 250

    /// Returns the cause as one line, for a failed unit the command that shows it, or `nil` if the cause is not known.
    func cause(of task: String) -> String? {
        guard subject != .unit else { return "see 'systemctl status k8s-bootstrap-\(task).service' on the node" }
        guard let line = reasons.first?.split(whereSeparator: \.isNewline).first else { return nil }
        return String(line).shortened(to: Self.lineLimit)
    }

    /// Returns the message of an Event about the failure, or `nil` if only an earlier attempt is known to have failed.
    func message(of task: String) -> String? {
        let subject: String
        switch self.subject {
        case .task: subject = "task '\(task)' failed"
        case .repetition: subject = "the repetition of task '\(task)' failed"
        case .unit: subject = "the unit of task '\(task)' failed"
        case .earlierAttempt: return nil
        }
        return subject + (cause(of: task).map { ": \($0)" } ?? "")
    }
}

extension TaskStatus {
    private var isRunning: Bool { state == .running || repetition?.state == .running }

    /// Returns the task's failure, or `nil` if the task has not failed or has recovered.
    ///
    /// A record of success does not end the failure of the unit, because the unit may have failed later, before its
    /// program started. The supervisor keeps a task in `health` while its unit has failed or starts again. `reported`
    /// contains the tasks for which a failure, but no later recovery, has been recorded for a report.
    func failure(_ health: NodeHealth, reported: Set<String> = []) -> TaskFailure? {
        if state == .ended(.failed) {
            return TaskFailure(subject: .task, reasons: reasons, attempt: attempt ?? 1, finishedAt: finishedAt)
        }
        if let repetition, repetition.hasFailed {
            return TaskFailure(
                subject: .repetition,
                reasons: repetition.reasons,
                attempt: repetition.attempt ?? 1,
                finishedAt: repetition.finishedAt
            )
        }
        if health.failed.contains(task) { return TaskFailure(subject: isRunning ? .earlierAttempt : .unit) }
        // The failure of a run by hand is not in `health`. It counts while the task runs or has not succeeded.
        let mayRecover = isRunning || !state.isSuccess
        return reported.contains(task) && mayRecover ? TaskFailure(subject: .earlierAttempt) : nil
    }
}
