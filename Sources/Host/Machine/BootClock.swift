public import Base

/// A reading of the machine's clocks that converts times since the boot to times of day.
///
/// Task records, systemd and the journal use a clock that stops while the machine is suspended (`CLOCK_MONOTONIC`).
public struct BootClock: Sendable, Hashable {
    public var sinceBoot: Duration

    /// The time since 1970 by the machine's clock, which may be wrong.
    public var sinceEpoch: Duration

    public static func now() -> Self {
        Self(
            sinceBoot: .milliseconds(Timestamp.uptimeMilliseconds()),
            sinceEpoch: .milliseconds(Timestamp.millisecondsNow())
        )
    }

    /// Returns the time of day at a time since the boot; wrong if the clock was set after that time.
    public func timestamp(at time: Duration) -> Timestamp {
        Timestamp(seconds: (sinceEpoch - sinceBoot + time).components.seconds)
    }
}
