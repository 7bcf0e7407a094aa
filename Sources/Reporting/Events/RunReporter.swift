import Base
import Execution

/// Reports the events of a run to several sinks, one event after another.
struct RunReporter: Sendable {
    private var history: EventHistory
    private var destinations: [Destination]

    /// A sink, with the lines of output that it was too far behind to take.
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
