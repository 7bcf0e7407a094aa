public import Execution
public import State

/// One task of a timeline.
public struct TimelineTask: Sendable, Hashable {
    /// The task's name.
    public var name: String
    public var description: String?

    /// How its run on this boot ended, or what it does now.
    public var state: TaskState

    /// The names of the tasks that must have succeeded before.
    public var dependencies: [String]

    /// The number of attempts until it succeeded, or until now.
    public var attemptCount: Int

    /// How many of these attempts are not known; they are the first ones.
    public var unknownCount: Int

    /// Its activities, in the order of time.
    public var spans: [TimelineSpan]

    /// Whether it decided when the last task ended.
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

    /// When it was first started, `nil` if it was not, or if that is not known.
    public var started: Duration? { unknownCount == 0 ? firstKnown : nil }

    /// When the first of its attempts that are known was started.
    var firstKnown: Duration? { spans.first { !$0.kind.isBeforeStart }?.start }

    /// When its last attempt ended, `nil` if it was not started or goes on.
    public var ended: Duration? { isOngoing ? nil : spans.last { !$0.kind.isBeforeStart }?.end }

    /// Whether it runs or is about to be retried.
    public var isOngoing: Bool { spans.contains { !$0.kind.isBeforeStart && $0.end == nil } }

    /// How long it took from its first start on, `nil` if it was not started or if that is not known.
    ///
    /// - Parameter end: When to count to if it goes on.
    /// - Returns: The time.
    public func took(until end: Duration) -> Duration? { started.map { max(.zero, (ended ?? end) - $0) } }

    /// Texts for people mention waits that took at least this time together.
    private static let shortestWait = Duration.milliseconds(500)

    /// Its waits while it ran, each once, without those that took hardly any time.
    ///
    /// - Parameter end: When to count to if it goes on.
    /// - Returns: The last wait for each subject with how long all of them took, the longest first.
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

/// Something that a task did for a time.
public struct TimelineSpan: Sendable, Hashable {
    /// The kinds of activities.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// It waits for another task, before its start.
        case dependency
        /// It waits for another unit of systemd, before its start.
        case unit
        /// It waits for an API server.
        case server
        /// It waits for the Lease of a task that runs on one node at a time, or for another process that runs it.
        case lock
        /// It waits for anything else, such as a file or an object.
        case condition
        case work
        /// It has failed, and waits for the next attempt.
        case pause

        /// Whether it comes before the start of the task.
        var isBeforeStart: Bool { self == .dependency || self == .unit }

        /// Whether the task waits for something other than its next attempt.
        var isWait: Bool { self != .work && self != .pause }
    }

    /// The kind of activity.
    public var kind: Kind

    /// When it began.
    public var start: Duration

    /// When it ended, `nil` if it goes on.
    public var end: Duration?

    /// The subject of a wait.
    public var subject: String?

    /// Why that was not there: now if it goes on, otherwise for the longest time.
    public var reason: String?

    /// How the attempt ended whose last span this is.
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

    /// Whether an attempt ended with it that did not succeed.
    var isFailure: Bool { outcome.map { !$0.isSuccess } ?? false }
}
