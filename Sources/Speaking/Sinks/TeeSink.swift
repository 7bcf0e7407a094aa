public import Execution

/// Tells several sinks the same.
public struct TeeSink: EventSink {
    private let sinks: [any EventSink]

    /// Creates a sink that tells others, in their order.
    public init(_ sinks: [any EventSink]) {
        self.sinks = sinks
    }

    /// Tells all of an event.
    public func receive(_ event: Event) {
        for sink in sinks { sink.receive(event) }
    }

    /// Shows all that time passes.
    public func tick() {
        for sink in sinks { sink.tick() }
    }

    /// Has all leave their outputs.
    public func finish() {
        for sink in sinks { sink.finish() }
    }

    /// Shows all why nothing runs.
    public func obstructed(by problems: [Problem]) {
        for sink in sinks { sink.obstructed(by: problems) }
    }
}
