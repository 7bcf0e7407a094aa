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
