public import Base
import Execution

/// A failure that a task has not recovered from.
public struct TaskFailure: Sendable, Hashable {
    /// The part of a task that failed.
    public enum Subject: Sendable, Hashable {
        /// The task itself, in its last attempt.
        case task
        /// The last repetition of a task that had succeeded on this boot.
        case repetition
        /// The task's unit, before the task's process could write a record, or after a record of success was written.
        case unit
        /// An earlier attempt of a task that is running again or waits to run again.
        case earlierAttempt
    }

    /// The part of the task that failed.
    public var subject: Subject

    /// The reasons, one line for each problem; empty if no record contains them.
    public var reasons: [String] = []

    /// The number of the failed attempt.
    public var attempt = 1

    /// The time at which the attempt ended, `nil` if there is no record of it.
    public var finishedAt: Timestamp?

    /// The maximum length of a reported line.
    private static let lineLimit = 250

    /// Returns the cause in one line, `nil` if it is not known.
    ///
    /// - Parameter task: The task.
    /// - Returns: The first line of the reasons or, for a failed unit, a command that shows its status.
    public func cause(of task: String) -> String? {
        guard subject != .unit else { return "see 'systemctl status k8s-bootstrap-\(task).service' on the node" }
        guard let line = reasons.first?.split(whereSeparator: \.isNewline).first else { return nil }
        return String(line).shortened(to: Self.lineLimit)
    }

    /// Returns the message of an Event about the failure, `nil` if an earlier Event has reported the failure.
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
    /// Whether a process is running the task or repeating it.
    private var isRunning: Bool { state == .running || repetition?.state == .running }

    /// Returns the task's failure if the task has not recovered from it.
    ///
    /// A record of success does not end the failure of the unit, because the unit may have failed since, before its
    /// program started. The supervisor removes a task from the health of the node when its unit is active.
    ///
    /// - Parameters:
    ///   - health: The tasks whose units have failed without recovering since.
    ///   - reported: The tasks whose failure was reported, but whose recovery was not.
    /// - Returns: The failure, `nil` if the task has not failed or has recovered.
    public func failure(_ health: NodeHealth, reported: Set<String> = []) -> TaskFailure? {
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
        // For a task that was run by hand, no unit shows whether it has recovered.
        let mayRecover = isRunning || !countedState.isSuccess
        return reported.contains(task) && mayRecover ? TaskFailure(subject: .earlierAttempt) : nil
    }
}
