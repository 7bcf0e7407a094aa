import Base
import Execution

/// An event with its time and its number in the run.
struct StampedEvent: Sendable {
    var event: Event

    /// The number, from 1; a gap means that lines of output were left out.
    var number: Int

    /// The milliseconds since 1970.
    var milliseconds: Int64

    /// The time since some fixed instant, by a clock that is never set.
    var uptime: Duration
}

/// The clocks that events are stamped by.
public struct EventClock: Sendable {
    /// Reads the milliseconds since 1970.
    public var milliseconds: @Sendable () -> Int64

    /// Reads the time since some fixed instant, by a clock that is never set.
    public var uptime: @Sendable () -> Duration

    /// Creates the clock of this machine.
    public init() {
        let start = ContinuousClock.now
        milliseconds = { Timestamp.millisecondsNow() }
        uptime = { start.duration(to: .now) }
    }

    /// Creates a clock from functions.
    public init(milliseconds: @escaping @Sendable () -> Int64, uptime: @escaping @Sendable () -> Duration) {
        self.milliseconds = milliseconds
        self.uptime = uptime
    }
}
