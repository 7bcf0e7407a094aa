public import Base

/// A destination of a run's events, such as a terminal or the journal.
///
/// One thread calls it, for one event after another. It formats, and leaves writing to something that does not block.
public protocol EventSink: Sendable {
    /// Whether so much waits to be written that lines of output are left out.
    var isBehind: Bool { get }

    mutating func receive(_ event: ReportedEvent)

    /// Shows that time passes; called about five times a second.
    mutating func tick(at uptime: Duration)

    /// Leaves the output as it was found; called once after the last event.
    mutating func finish()

    /// Shows why no task could start. The problems themselves are reported separately.
    mutating func runBlocked(by problems: [Problem])

    /// Waits until everything is written, see ``EventQueue/finish(idleLimit:until:)``.
    func flush(idleLimit: Duration, until deadline: ContinuousClock.Instant?) -> Bool
}

/// Most sinks only report events.
extension EventSink {
    /// Never.
    public var isBehind: Bool { false }

    /// Does nothing.
    public mutating func tick(at uptime: Duration) {}

    /// Does nothing.
    public mutating func finish() {}

    /// Does nothing.
    public mutating func runBlocked(by problems: [Problem]) {}

    /// Has nothing to wait for.
    public func flush(idleLimit: Duration, until deadline: ContinuousClock.Instant?) -> Bool { true }
}
