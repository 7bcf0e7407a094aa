import Base
import Planning

/// The waits and runs of a node's tasks on this boot.
///
/// All times are relative to the origin.
public struct Timeline: Sendable, Hashable {
    /// Whether the origin is the start of the machine or container.
    ///
    /// If not, the origin is the start of the first task or, before any has started, the current time.
    let isFromBoot: Bool

    /// The wall-clock time of the origin.
    let originTime: Timestamp

    /// The time at which the boot was complete, `nil` if the boot is not complete or is not the origin of the times.
    let bootFinished: Duration?

    /// The end of the last activity or, if no task has started or a task is ongoing, the current time.
    let end: Duration

    /// The tasks in the order in which they started, then tasks that have not started.
    let tasks: [TimelineTask]

    /// The names of the tasks that determined when the last task ended, in chronological order.
    ///
    /// If the first of these tasks waited last for a unit, the list begins with the name of the unit.
    let criticalPath: [String]

    let notes: [String]

    var isOngoing: Bool { tasks.contains(where: \.isOngoing) }
}

struct TimelineTask: Sendable, Hashable {
    let name: String
    let description: String?

    /// The state at the first success, or the current state if the task has not succeeded.
    let state: TaskState

    /// The names of the tasks that must succeed first.
    let dependencies: [String]

    /// The number of attempts up to the first success, or until now if the task has not succeeded.
    let attemptCount: Int

    /// The activities of the task, in chronological order.
    var spans: [TimelineSpan]

    var isCritical = false

    /// The time at which the task first started, `nil` if it has not started.
    var started: Duration? { spans.first { !$0.kind.isBeforeStart }?.start }

    /// The time at which the last attempt ended, `nil` if there is none or the task is ongoing.
    var ended: Duration? { isOngoing ? nil : spans.last { !$0.kind.isBeforeStart }?.end }

    /// The time at which dependants could start, `nil` if they cannot start yet.
    var succeeded: Duration? { state.isSuccess ? ended : nil }

    /// Whether the task is running or will be retried.
    var isOngoing: Bool { spans.contains { !$0.kind.isBeforeStart && $0.end == nil } }
}

/// An activity of a task over a period of time.
struct TimelineSpan: Sendable, Hashable {
    enum Kind: String {
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
    }

    let kind: Kind

    var start: Duration

    /// The time at which the activity ended, `nil` if it is ongoing.
    var end: Duration?

    var subject: String?

    /// The current or last reason for a wait.
    var reason: String?

    /// The outcome of the attempt, if this is its last span.
    var outcome: Outcome.Kind?

    /// Whether an unsuccessful attempt ended with this span.
    var isFailure: Bool { outcome?.isSuccess == false }
}

/// Returns a timeline as one JSON object, without a line ending.
public func timelineJSON(_ timeline: Timeline) -> String {
    Node.output([
        ("origin", .string(timeline.isFromBoot ? "boot" : "first task")),
        ("originAt", .string(timeline.originTime.description)),
        ("bootFinishedSeconds", timeline.bootFinished.map(Node.seconds)),
        ("endSeconds", .seconds(timeline.end)), ("ongoing", .boolean(timeline.isOngoing)),
        ("tasks", .sequence(timeline.tasks.map(\.node))),
        ("criticalPath", .strings(timeline.criticalPath)), ("notes", .strings(timeline.notes)),
    ])
}

extension TimelineTask {
    fileprivate var node: Node {
        .known([
            ("task", .string(name)), ("description", .text(description)), ("state", .string("\(state)")),
            ("after", .strings(dependencies)), ("critical", .boolean(isCritical)),
            ("attempts", .number(attemptCount)), ("startedSeconds", started.map(Node.seconds)),
            ("endedSeconds", ended.map(Node.seconds)), ("spans", .sequence(spans.map(\.node))),
        ])
    }
}

extension TimelineSpan {
    fileprivate var node: Node {
        .known([
            ("kind", .string(kind.rawValue)), ("startSeconds", .seconds(start)), ("endSeconds", end.map(Node.seconds)),
            ("subject", .text(subject)), ("reason", .text(reason)), ("outcome", .text(outcome?.rawValue)),
        ])
    }
}
