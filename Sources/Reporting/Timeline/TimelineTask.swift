public import Execution
public import State

/// A task of a timeline.
public struct TimelineTask: Sendable, Hashable {
    /// The task's name.
    public var name: String
    public var description: String?

    /// The final or current state of the task's run on this boot.
    public var state: TaskState

    /// The names of the tasks that must succeed first.
    public var dependencies: [String]

    /// The number of attempts up to the first success, or until now if the task has not succeeded.
    public var attemptCount: Int

    /// The number of unknown attempts, all of them before the first known attempt.
    public var unknownCount: Int

    /// The activities of the task, in chronological order.
    public var spans: [TimelineSpan]

    /// Whether the task is on the critical path, which determined when the last task ended.
    public var isCritical: Bool

    public init(
        name: String,
        description: String? = nil,
        state: TaskState,
        dependencies: [String] = [],
        attemptCount: Int = 1,
        unknownCount: Int = 0,
        spans: [TimelineSpan] = [],
        isCritical: Bool = false,
    ) {
        self.name = name
        self.description = description
        self.state = state
        self.dependencies = dependencies
        self.attemptCount = attemptCount
        self.unknownCount = unknownCount
        self.spans = spans
        self.isCritical = isCritical
    }

    /// The time at which the task first started, `nil` if it has not started or the time is not known.
    public var started: Duration? { unknownCount == 0 ? firstKnown : nil }

    /// The time at which the first known attempt started.
    var firstKnown: Duration? { spans.first { !$0.kind.isBeforeStart }?.start }

    /// The time at which the last attempt ended, `nil` if there is none or the task is ongoing.
    public var ended: Duration? { isOngoing ? nil : spans.last { !$0.kind.isBeforeStart }?.end }

    /// Whether the task is running or will be retried.
    public var isOngoing: Bool { spans.contains { !$0.kind.isBeforeStart && $0.end == nil } }

    /// Returns the time that the task took from its first start, `nil` if the start is not known or has not happened.
    ///
    /// - Parameter end: The time to count to if the task is ongoing.
    /// - Returns: The duration.
    public func took(until end: Duration) -> Duration? { started.map { max(.zero, (ended ?? end) - $0) } }

    /// The shortest total wait for one subject that human-readable texts mention.
    private static let shortestWait = Duration.milliseconds(500)

    /// Returns the waits during the attempts of the task, one for each subject, without short waits.
    ///
    /// - Parameter end: The time to count to if a wait is ongoing.
    /// - Returns: The last wait for each subject with the total duration of all waits for it, the longest first.
    func waits(until end: Duration) -> [(span: TimelineSpan, duration: Duration)] {
        var waits: [(span: TimelineSpan, duration: Duration)] = []
        for span in spans where span.kind.isWait && !span.kind.isBeforeStart {
            let duration = max(.zero, (span.end ?? end) - span.start)
            if let index = waits.firstIndex(where: { $0.span.subject == span.subject }) {
                waits[index] = (span, waits[index].duration + duration)
            } else {
                waits.append((span, duration))
            }
        }
        return waits.filter { $0.duration >= Self.shortestWait }.sorted { $0.duration > $1.duration }
    }
}

/// An activity of a task over a period of time.
public struct TimelineSpan: Sendable, Hashable {
    /// The kinds of activities.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// The task has not started and waits for another task.
        case dependency
        /// The task has not started and waits for another systemd unit.
        case unit
        /// The task waits for an API server.
        case server
        /// The task waits for its Lease, or for another process on the node that is running the same task.
        case lock
        /// The task waits for anything else, such as a file or an object.
        case condition
        case work
        /// The task has failed and waits for its next attempt.
        case pause

        /// Whether the activity comes before the start of the task.
        var isBeforeStart: Bool { self == .dependency || self == .unit }

        /// Whether the task waits for something other than its next attempt.
        var isWait: Bool { self != .work && self != .pause }
    }

    /// The kind of activity.
    public var kind: Kind

    /// The time at which the activity began.
    public var start: Duration

    /// The time at which the activity ended, `nil` if it is ongoing.
    public var end: Duration?

    /// The subject of a wait.
    public var subject: String?

    /// The reason for a wait: the current reason if the wait is ongoing, otherwise the reason that held longest.
    public var reason: String?

    /// The outcome of the attempt, if this is its last span.
    public var outcome: Outcome.Kind?

    public init(
        _ kind: Kind,
        from start: Duration,
        to end: Duration?,
        subject: String? = nil,
        reason: String? = nil,
        outcome: Outcome.Kind? = nil,
    ) {
        self.kind = kind
        self.start = start
        self.end = end
        self.subject = subject
        self.reason = reason
        self.outcome = outcome
    }

    /// Whether an unsuccessful attempt ended with this span.
    var isFailure: Bool { outcome.map { !$0.isSuccess } ?? false }
}
