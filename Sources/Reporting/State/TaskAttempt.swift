public import Base
public import Planning

/// An attempt of a task, with times since the boot.
public struct TaskAttempt: Sendable, Hashable, Codable {
    /// The number of attempts since the task last succeeded, including this one.
    public var number: Int

    public var start: Duration

    /// The end, `nil` if the attempt is still running or its end was not recorded.
    public var end: Duration?

    /// The outcome, `nil` if the attempt is still running or its end was not recorded.
    public var outcome: Outcome.Kind?

    public var waits: [TaskWait] = []

    var isSuccess: Bool { outcome?.isSuccess == true }
}

/// A wait of a task, with times since the boot.
public struct TaskWait: Sendable, Hashable, Codable {
    public var subject: Wait.Subject

    /// The latest public reason for the wait, `nil` if none was reported.
    public var reason: String?

    public var start: Duration

    /// The end, `nil` if the wait continues or its end was not recorded.
    public var end: Duration?
}

/// A recorder for the waits of an attempt, of which only the last can be open: a new wait ends the previous one.
public struct WaitRecorder: Sendable {
    public private(set) var waits: [TaskWait] = []

    private var current: Wait?

    /// The maximum number of waits; further waits are not recorded.
    static let limit = 20

    public init() {}

    /// Updates the waits with the current wait of the task, and returns whether they have changed.
    ///
    /// `earliest` is the time of the task's previous event, before which a new wait cannot have begun.
    public mutating func apply(_ wait: Wait?, at now: Duration, notBefore earliest: Duration) -> Bool {
        guard let wait else {
            let isOpen = current != nil
            end(at: now)
            return isOpen
        }
        if let current, wait.continues(current), let last = waits.indices.last {
            self.current = wait
            guard waits[last].subject != wait.subject || waits[last].reason != wait.publicReason else { return false }
            (waits[last].subject, waits[last].reason) = (wait.subject, wait.publicReason)
            return true
        }
        let start = max(now - Wait.quietPeriod, earliest)
        let isOpen = current != nil
        end(at: start)
        guard waits.count < Self.limit else { return isOpen }
        waits.append(TaskWait(subject: wait.subject, reason: wait.publicReason, start: start))
        current = wait
        return true
    }

    private mutating func end(at time: Duration) {
        guard current != nil, let last = waits.indices.last else { return }
        waits[last].end = max(time, waits[last].start)
        current = nil
    }
}

extension TaskRecord {
    /// The attempt that this record describes, `nil` if the task was skipped or no attempt has started.
    public var ownAttempt: TaskAttempt? {
        guard outcome != .skipped, attempt > 0 else { return nil }
        let time = Duration.milliseconds(uptimeMilliseconds)
        let first = min(time, waits.first?.start ?? time)
        let start = outcome == nil ? first : max(.zero, time - .microseconds(durationMicroseconds))
        let end = outcome == nil ? nil : time
        return TaskAttempt(number: attempt, start: start, end: end, outcome: outcome, waits: waits)
    }
}
