public import Base
import Execution

/// A destination of a run's events, such as a terminal or the journal.
///
/// All calls are made on one thread, for one event after another. A sink formats events, and leaves writing to a queue
/// that does not block.
public protocol EventSink: Sendable {
    /// Whether so much output waits to be written that output lines of child processes are dropped.
    var isBehind: Bool { get }

    mutating func receive(_ event: ReportedEvent)

    /// Updates displayed times; called about five times a second.
    mutating func tick(at uptime: Duration)

    /// Restores the output, if necessary; called once after the last event.
    mutating func finish()

    /// Shows why no task could start; the problems themselves are reported separately.
    mutating func runBlocked(by problems: [Problem])

    /// Waits until everything is written; see ``EventQueue/finish(idleLimit:until:)``.
    func flush(idleLimit: Duration, until deadline: ContinuousClock.Instant?) -> Bool
}

/// Defaults for sinks that only report events.
extension EventSink {
    /// The default: never behind.
    public var isBehind: Bool { false }

    /// Does nothing.
    public mutating func tick(at uptime: Duration) {}

    /// Does nothing.
    public mutating func finish() {}

    /// Does nothing.
    public mutating func runBlocked(by problems: [Problem]) {}

    /// Returns `true`, because there is nothing to wait for.
    public func flush(idleLimit: Duration, until deadline: ContinuousClock.Instant?) -> Bool { true }
}

/// Reports the events of a run to several sinks, one event after another.
struct RunReporter: Sendable {
    private var history: EventHistory
    private var destinations: [Destination]

    /// A sink with the counts of output lines that were dropped because the sink was behind.
    private struct Destination {
        var sink: any EventSink
        var dropped = DroppedLines()
    }

    init(_ sinks: [any EventSink], isDryRun: Bool) {
        history = EventHistory(isDryRun: isDryRun)
        destinations = sinks.map { Destination(sink: $0) }
    }

    mutating func receive(_ event: StampedEvent) {
        let reported = history.report(event)
        for index in destinations.indices {
            if case .output = event.event.kind, destinations[index].sink.isBehind {
                destinations[index].dropped.add(event.event.task)
                continue
            }
            if let warning = destinations[index].dropped.takeWarning(before: event.event) {
                var stamped = event
                stamped.event = warning
                destinations[index].sink.receive(history.report(stamped))
            }
            destinations[index].sink.receive(reported)
        }
    }

    mutating func note(attempt: Int, of task: String) { history.note(attempt: attempt, of: task) }

    mutating func tick(at uptime: Duration) {
        for index in destinations.indices { destinations[index].sink.tick(at: uptime) }
    }

    mutating func runBlocked(by problems: [Problem]) {
        for index in destinations.indices { destinations[index].sink.runBlocked(by: problems) }
    }

    mutating func finish() {
        for index in destinations.indices { destinations[index].sink.finish() }
    }
}
