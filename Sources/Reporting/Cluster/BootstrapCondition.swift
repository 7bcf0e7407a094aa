public import Base
import Execution
public import State

/// What a node reports of its tasks: condition `BootstrapReady` of its Node.
public struct BootstrapCondition: Sendable, Hashable {
    /// The status of a condition of Kubernetes.
    public enum Status: String, Sendable, Hashable {
        /// All tasks have succeeded.
        case isTrue = "True"
        /// They have not.
        case isFalse = "False"
        /// What the tasks have done cannot be read.
        case unknown = "Unknown"
    }

    /// Why the status is what it is.
    public enum Reason: String, Sendable, Hashable, CaseIterable {
        /// All tasks have succeeded on this boot, or there is none.
        case succeeded = "TasksSucceeded"
        /// A task, or its last repetition, has failed.
        case failed = "TasksFailed"
        /// None has failed, and some are running.
        case running = "TasksRunning"
        /// None has failed or is running, and some have not succeeded yet.
        case pending = "TasksPending"
        /// A record cannot be read.
        case unknown = "TasksUnknown"
        /// The task file cannot be used, so that no task runs.
        case invalidFile = "TaskFileInvalid"

        /// The status that goes with it.
        public var status: Status {
            switch self {
            case .succeeded: .isTrue
            case .unknown: .unknown
            case .failed, .running, .pending, .invalidFile: .isFalse
            }
        }

        /// Whether a person may have to do something.
        public var isFailure: Bool { self == .failed || self == .invalidFile }
    }

    /// The reason.
    public var reason: Reason

    /// The details, as everybody may read them.
    public var message: String

    /// The name of the condition.
    public static let type = "BootstrapReady"

    /// More tasks than this are counted instead of named.
    private static let namedLimit = 3

    /// The longest reason of one task.
    private static let reasonLimit = 250

    /// Creates the condition of a node whose task file is invalid.
    ///
    /// - Parameter problems: What is wrong; only where it is is reported, because a message may have a value of the file.
    public init(invalid problems: [Problem]) {
        reason = .invalidFile
        let place = problems.first?.location.map { " (\($0))" } ?? ""
        message = printable("the task file is invalid\(place); run 'nest-bootstrap check' on the node")
    }

    /// Creates the condition of a node with tasks.
    ///
    /// - Parameters:
    ///   - statuses: The states of all tasks, without what only root may read.
    ///   - health: The tasks that have failed and not recovered since, and when they are tried again.
    ///   - now: The time that a retry is compared with.
    public init(_ statuses: [TaskStatus], _ health: NodeHealth, at now: Timestamp = .now()) {
        let failed = statuses.filter { $0.isFailing(health) }
        let total = "\(statuses.count) task\(statuses.count == 1 ? "" : "s")"
        let succeeded = statuses.count { $0.state.isSuccess }
        let progress = "\(succeeded) of \(total) \(succeeded == 1 ? "has" : "have") succeeded"
        let running = statuses.filter { $0.state == .running }.map { "'\($0.task)'" }
        if !failed.isEmpty {
            reason = .failed
            let details = failed.map { "'\($0.task)'" + (Self.details($0).map { " (\($0))" } ?? "") }
            let retry = health.retryAt.flatMap { $0 > now ? "; retried at \($0)" : nil } ?? ""
            let isFinal = failed.allSatisfy(\.isPermanent)
            message = "\(failed.count) of \(total) failed: \(Self.few(details))" + (isFinal ? "; not retried" : retry)
        } else if statuses.contains(where: { $0.state == .unknown }) {
            reason = .unknown
            message = "the records of some tasks cannot be read"
        } else if succeeded == statuses.count {
            reason = .succeeded
            message = statuses.isEmpty ? "the node has no tasks" : progress
        } else if !running.isEmpty {
            reason = .running
            message = "\(progress); running: \(Self.few(running))"
        } else {
            reason = .pending
            message = progress
        }
    }

    /// Why a task has failed, in one line.
    static func details(_ status: TaskStatus) -> String? {
        let repeated = status.repetition.flatMap { $0.hasFailed ? $0.reason.map { "repetition: \($0)" } : nil }
        let text = status.state == .ended(.failed) ? status.reason : repeated
        guard let line = text?.split(whereSeparator: \.isNewline).first else { return nil }
        let shown = printable(String(line))
        return shown.count <= reasonLimit ? shown : shown.prefix(reasonLimit) + "…"
    }

    private static func few(_ items: [String]) -> String {
        let rest = items.count - namedLimit
        return items.prefix(namedLimit).joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
    }
}

extension TaskStatus {
    /// Whether a process is running the task or repeating it.
    private var isUnderWay: Bool { state == .running || repetition?.state == .running }

    /// Whether the task or its last repetition has failed, and has not succeeded since.
    func isFailing(_ health: NodeHealth) -> Bool {
        let isKnown = health.failed.contains(task)
        guard state.isSuccess else { return state == .ended(.failed) || isKnown }
        return repetition?.hasFailed == true || isKnown && isUnderWay
    }

    /// What a report to the cluster has to know of the task.
    ///
    /// - Parameters:
    ///   - health: The tasks that have failed and not recovered since.
    ///   - attempt: The number of the last attempt, if it is known.
    /// - Returns: The observation.
    public func observation(_ health: NodeHealth, attempt: Int?) -> ReportState.Observation {
        if isUnderWay { return .init(task, .other) }
        guard isFailing(health) else { return .init(task, state.isSuccess ? .succeeded : .other) }
        let time = state.isSuccess ? repetition?.finishedAt : finishedAt
        let subject = state.isSuccess ? "the repetition of task '\(task)' failed" : "task '\(task)' failed"
        let details = BootstrapCondition.details(self)?.trimmingPrefix("repetition: ")
        return .init(task, .failed(attempt: attempt ?? 1, at: time, subject + (details.map { ": \($0)" } ?? "")))
    }
}
