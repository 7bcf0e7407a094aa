public import Execution
import Host
import Locking

/// Tells a run to programs: one JSON object a line on standard output, errors included.
public final class JSONSink: EventSink {
    private let outlet: Outlet
    private let run: String
    private let clock: SinkClock
    private let records: Locked<EventRecords>

    /// Creates a sink.
    ///
    /// - Parameters:
    ///   - outlet: Where the lines go.
    ///   - run: What tells this run from all others.
    ///   - isDryRun: Whether the run writes nothing.
    ///   - clock: What time it is.
    public init(_ outlet: Outlet, run: String, isDryRun: Bool = false, clock: SinkClock = SinkClock()) {
        self.outlet = outlet
        self.run = run
        self.clock = clock
        records = Locked(EventRecords(isDryRun: isDryRun))
    }

    /// Writes the objects of an event.
    public func receive(_ event: Event) {
        records.withLock { records in
            let time = clock.milliseconds()
            let bytes = records.records(for: event, at: clock.uptime())
                .flatMap { $0.line(run: run, milliseconds: time) }
            outlet.write(bytes, to: .results)
        }
    }
}

/// What time it is for those who tell of a run.
public struct SinkClock: Sendable {
    /// Asks for the milliseconds since 1970.
    public var milliseconds: @Sendable () -> Int64

    /// Asks for the time since some fixed instant, by a clock that nobody sets.
    public var uptime: @Sendable () -> Duration

    /// Creates a clock that shows the machine's time.
    public init() {
        let start = ContinuousClock.now
        milliseconds = { Machine.milliseconds() }
        uptime = { start.duration(to: .now) }
    }

    /// Creates a clock that shows what it is told.
    public init(milliseconds: @escaping @Sendable () -> Int64, uptime: @escaping @Sendable () -> Duration) {
        self.milliseconds = milliseconds
        self.uptime = uptime
    }
}
