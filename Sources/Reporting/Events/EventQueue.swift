public import Base
public import Planning

/// Takes the events of a run from any thread, and passes them to the sinks on one thread.
///
/// Sending an event never blocks, even if no reader takes the output. The queue stamps events under the lock that
/// orders them, so times are in the order of the events. If too many events wait, lines printed by child
/// processes are dropped and counted; every other event is kept.
public final class EventQueue: Sendable {
    private let start = ContinuousClock.now
    private let limit: Int
    private let dropped = Locked(DroppedLines())
    private let queue: ThreadQueue<RunReporter.Item>
    private let sinks: [any EventSink]

    /// Creates a queue.
    ///
    /// - Parameters:
    ///   - sinks: The sinks that report the events.
    ///   - isDryRun: Whether the run is a dry run.
    ///   - limit: The number of waiting events at which lines of output are dropped.
    public init(_ sinks: [any EventSink], isDryRun: Bool = false, limit: Int = 10_000) {
        (self.sinks, self.limit) = (sinks, limit)
        // The lock is never contended, because only the thread of the queue uses it.
        let reporter = LockedReporter(RunReporter(sinks, isDryRun: isDryRun))
        queue = ThreadQueue { item in reporter.value.withLock { $0.handle(item) } }
    }

    /// Adds an event.
    public func send(_ event: Event) {
        dropped.withLock { dropped in
            if case .output = event.kind, queue.count >= limit { return dropped.add(event.task) }
            for event in [dropped.takeWarning(before: event), event].compactMap(\.self) {
                queue.append(.event(event, milliseconds: Timestamp.millisecondsNow(), uptime: uptime))
            }
        }
    }

    /// The time since the queue was created.
    private var uptime: Duration { start.duration(to: .now) }

    /// Adds the number of a task's attempt, which applies to all later events of the task.
    public func note(attempt: Int, of task: String) { queue.append(.attempt(attempt, task: task)) }

    /// Lets the sinks update displayed times; called about five times a second.
    public func tick() {
        // Ticks do not accumulate while events wait.
        if queue.count == 0 { queue.append(.tick(uptime)) }
    }

    /// Lets the sinks show why no task could start; the problems themselves are reported separately.
    public func runBlocked(by problems: [Problem]) { queue.append(.runBlocked(problems)) }

    /// Finishes reporting after the last event, and waits until the sinks have written everything.
    ///
    /// - Parameters:
    ///   - idleLimit: The longest time that passing on one event may take.
    ///   - deadline: The instant at which waiting ends in any case.
    /// - Returns: Whether everything was written.
    @discardableResult
    public func finish(idleLimit: Duration, until deadline: ContinuousClock.Instant? = nil) -> Bool {
        queue.append(.finish)
        guard queue.drain(idleLimit: idleLimit, until: deadline) else { return false }
        return sinks.reduce(true) { $1.flush(idleLimit: idleLimit, until: deadline) && $0 }
    }
}

/// The numbers of output lines that were dropped, by task.
struct DroppedLines {
    private var counts: [String: Int] = [:]

    mutating func add(_ task: String?) { counts[task ?? "", default: 0] += 1 }

    /// Returns the warning to report before the next event of a task, if lines of that task were dropped.
    mutating func takeWarning(before event: Event) -> Event? {
        guard let count = counts.removeValue(forKey: event.task ?? "") else { return nil }
        let lines = count == 1 ? "1 line was" : "\(count) lines were"
        return Event(
            task: event.task,
            .warning(subject: "output", "\(lines) dropped, because they are not read fast enough")
        )
    }
}

/// A reporter that a closure can hold.
private final class LockedReporter: Sendable {
    let value: Locked<RunReporter>

    init(_ value: RunReporter) {
        self.value = Locked(value)
    }
}
