public import Base
import Planning

/// The state of a node's tasks, published as the condition `BootstrapReady` of the Node object.
public struct BootstrapCondition: Sendable, Hashable {
    public enum Reason: String, Sendable, Hashable {
        /// All tasks have succeeded on this boot, or there are no tasks.
        case succeeded = "TasksSucceeded"
        /// A task, its unit or its last repetition has failed, and the task has not recovered.
        case failed = "TasksFailed"
        /// No task has failed, all records can be read, and some tasks are running.
        case running = "TasksRunning"
        /// No task has failed or is running, all records can be read, and some tasks have not succeeded yet.
        case pending = "TasksPending"
        /// No task is known to have failed, and a record cannot be read.
        case unknown = "TasksUnknown"
        /// The task file is invalid, so no task runs.
        case invalidFile = "TaskFileInvalid"

        public var status: String {
            switch self {
            case .succeeded: "True"
            case .unknown: "Unknown"
            case .failed, .running, .pending, .invalidFile: "False"
            }
        }
    }

    public var reason: Reason

    /// The details, which every user of the cluster may read.
    public var message: String

    public static let type = "BootstrapReady"

    /// Creates the condition of a node whose task file is invalid.
    ///
    /// Only the location of the first problem is reported, because problems can contain values from the file.
    public init(invalid problems: [Problem]) {
        reason = .invalidFile
        let place = problems.first?.location.map { " (\($0))" } ?? ""
        message = printable("the task file is invalid\(place); run 'nest-bootstrap check' on the node")
    }

    /// Creates the condition of a node with a valid task file, from statuses that every user may read.
    ///
    /// `reported` contains the tasks for which a failure, but no later recovery, has been recorded for a report.
    public init(
        _ statuses: [TaskStatus],
        _ health: NodeHealth,
        reported: Set<String> = [],
        at now: Timestamp = .now(),
    ) {
        let failed = statuses.compactMap { status in
            status.failure(health, reported: reported).map { (status: status, failure: $0) }
        }
        let total = "\(statuses.count) task\(statuses.count == 1 ? "" : "s")"
        let succeeded = statuses.count { $0.state.isSuccess }
        let progress = "\(succeeded) of \(total) \(succeeded == 1 ? "has" : "have") succeeded"
        let running = statuses.filter { $0.state == .running }.map { "'\($0.task)'" }
        if !failed.isEmpty {
            reason = .failed
            let details = failed.map { Self.words($0.status.task, $0.failure) }
            let retry = health.retryAt.flatMap { $0 > now ? "; retried at \($0)" : nil } ?? ""
            let isFinal = failed.allSatisfy(\.status.isPermanent)
            let next = isFinal ? "; a person has to correct the cause" : retry
            message = "\(failed.count) of \(total) failed: \(shortList(details))" + next
        } else if statuses.contains(where: { $0.state == .unknown }) {
            reason = .unknown
            message = "the records of some tasks cannot be read"
        } else if succeeded == statuses.count {
            reason = .succeeded
            message = statuses.isEmpty ? "the node has no tasks" : progress
        } else if !running.isEmpty {
            reason = .running
            message = "\(progress); running: \(shortList(running))"
        } else {
            reason = .pending
            message = progress
        }
    }

    private static func words(_ task: String, _ failure: TaskFailure) -> String {
        let prefix = failure.subject == .repetition ? "repetition: " : ""
        return "'\(task)'" + (failure.cause(of: task).map { " (\(prefix)\(printable($0)))" } ?? "")
    }
}
