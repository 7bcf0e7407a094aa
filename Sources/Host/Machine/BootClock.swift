public import Base

/// A reading of the machine's clocks that converts uptimes to times of day.
///
/// Uptimes in task records, systemd and the journal exclude suspended time (`CLOCK_MONOTONIC`).
public struct BootClock: Sendable, Hashable {
    public var sinceBoot: Duration

    /// The time since 1970 according to the machine's clock, which may be wrong.
    var sinceEpoch: Duration

    public static func now() -> Self {
        Self(
            sinceBoot: .milliseconds(Timestamp.uptimeMilliseconds()),
            sinceEpoch: .milliseconds(Timestamp.millisecondsNow())
        )
    }

    /// Returns the time of day at an uptime; may be wrong if the clock was set or the machine suspended since.
    public func timestamp(at time: Duration) -> Timestamp {
        Timestamp(seconds: (sinceEpoch - sinceBoot + time).components.seconds)
    }
}
