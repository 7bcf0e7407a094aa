public import Base
import Execution

/// A failure that a task has not recovered from.
public struct TaskFailure: Sendable, Hashable {
    /// The subject of a failure.
    public enum Subject: Sendable, Hashable {
        /// The task itself, in its last attempt.
        case task
        /// The last repetition of a task that has succeeded on this boot.
        case repetition
        /// The task's unit, before its program could write a record, or after the record of a success.
        case unit
        /// An earlier attempt: the task is running again, or waits for that.
        case earlierAttempt
    }

    /// The subject.
    public var subject: Subject

    /// Why, if a record says so: a line for each problem.
    public var reasons: [String] = []

    /// The number of the attempt.
    public var attempt = 1

    /// When the attempt ended, `nil` if there is no record of it.
    public var finishedAt: Timestamp?

    /// The longest line of a reason that is reported.
    private static let lineLimit = 250

    /// Returns the cause in one line, `nil` if it is not known.
    ///
    /// - Parameter task: The task.
    /// - Returns: The first line of the reason, or a command that shows what systemd knows.
    public func cause(of task: String) -> String? {
        guard subject != .unit else { return "see 'systemctl status k8s-bootstrap-\(task).service' on the node" }
        guard let line = reasons.first?.split(whereSeparator: \.isNewline).first else { return nil }
        return String(line).shortened(to: Self.lineLimit)
    }

    /// The message of an Event, `nil` for a failure that another one was about.
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

    /// The failure that the task has not recovered from.
    ///
    /// A record of success does not end the failure of the unit: that may have failed since, before its program started.
    /// The supervisor removes a task from the health of the node when its unit is active.
    ///
    /// - Parameters:
    ///   - health: The tasks whose units have failed, and not recovered.
    ///   - reported: The tasks whose failures were reported, and not their recoveries.
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
        // Of a task that was run by hand, no unit says whether it has recovered.
        let mayRecover = isRunning || !countedState.isSuccess
        return reported.contains(task) && mayRecover ? TaskFailure(subject: .earlierAttempt) : nil
    }
}
