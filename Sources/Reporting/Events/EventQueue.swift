public import Base
public import Planning

/// A queue that takes the events of a run from any thread, and passes them to the sinks one at a time.
///
/// Sending an event never blocks, even if nothing reads the output. The queue timestamps events under the lock that
/// orders them, so uptimes are in the order of the events. While too many events are waiting or a sink is behind,
/// lines printed by child processes are dropped and counted. Every other event is kept.
public final class EventQueue: Sendable {
    private let start = ContinuousClock.now
    private let limit: Int
    /// The numbers of dropped output lines that no warning has reported yet, by task.
    private let droppedCounts = Locked<[String: Int]>([:])
    private let queue: ThreadQueue<RunReporter.Item>
    private let sinks: [any EventSink]

    /// Creates a queue that drops lines of output while `limit` or more events are waiting, or a sink is behind.
    public init(_ sinks: [any EventSink], isDryRun: Bool = false, limit: Int = 10_000) {
        (self.sinks, self.limit) = (sinks, limit)
        // The lock is never contended, because the queue handles one item at a time.
        let reporter = Locked(RunReporter(sinks, isDryRun: isDryRun))
        queue = ThreadQueue { item in reporter.withLock { $0.handle(item) } }
    }

    /// Adds an event unless it is dropped; a warning about dropped lines precedes the task's next event that is kept.
    public func send(_ event: Event) {
        droppedCounts.withLock { counts in
            let task = event.task ?? ""
            if case .output = event.kind, queue.count >= limit || sinks.contains(where: \.isBehind) {
                counts[task, default: 0] += 1
                return
            }
            if let count = counts.removeValue(forKey: task) {
                let lines = count == 1 ? "1 line was" : "\(count) lines were"
                let text = "\(lines) dropped, because they are not read fast enough"
                append(Event(task: event.task, .warning(subject: "output", text)))
            }
            append(event)
        }
    }

    private func append(_ event: Event) {
        queue.append(.event(event, milliseconds: Timestamp.millisecondsNow(), uptime: uptime))
    }

    private var uptime: Duration { start.duration(to: .now) }

    /// Sets the attempt number for later events of a task.
    public func note(attempt: Int, of task: String) { queue.append(.attempt(attempt, task: task)) }

    /// Lets the sinks update what they show; called about five times a second during a run.
    public func tick() {
        // Ticks do not accumulate while events wait.
        if queue.count == 0 { queue.append(.tick(uptime)) }
    }

    /// Lets the sinks show why no task could start; the problems themselves are reported separately.
    public func runBlocked(by problems: [Problem]) { queue.append(.runBlocked(problems)) }

    /// Finishes reporting, and waits until the sinks have handled all events and emptied their queues.
    ///
    /// Console output is flushed separately, with ``ConsoleOutput/flush(idleLimit:until:)``.
    ///
    /// - Parameters:
    ///   - idleLimit: The maximum time without progress.
    ///   - deadline: The instant at which waiting ends in any case.
    /// - Returns: Whether all events were handled and all queues emptied.
    @discardableResult
    public func finish(idleLimit: Duration, until deadline: ContinuousClock.Instant? = nil) -> Bool {
        queue.append(.finish)
        guard queue.drain(idleLimit: idleLimit, until: deadline) else { return false }
        return sinks.reduce(true) { $1.flush(idleLimit: idleLimit, until: deadline) && $0 }
    }
}
