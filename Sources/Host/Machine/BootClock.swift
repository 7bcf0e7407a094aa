public import Base
import Glibc

/// The clocks of this machine at one moment, which make times since the boot of those of systemd and the journal.
///
/// Records count from the boot by a clock that goes on while the machine is suspended (`CLOCK_BOOTTIME`). The clock of
/// systemd and the journal does not (`CLOCK_MONOTONIC`).
public struct BootClock: Sendable, Hashable {
    /// The time since the machine was started.
    public var sinceBoot: Duration

    /// How much of it the machine was suspended.
    public var suspended: Duration

    /// The time since 1970 by the machine's clock, which may be wrong.
    public var sinceEpoch: Duration

    /// Creates the clocks of a moment.
    public init(sinceBoot: Duration, suspended: Duration, sinceEpoch: Duration) {
        self.sinceBoot = sinceBoot
        self.suspended = suspended
        self.sinceEpoch = sinceEpoch
    }

    public static func now() -> Self {
        let sinceBoot = read(CLOCK_BOOTTIME)
        let awake = read(CLOCK_MONOTONIC)
        return Self(
            sinceBoot: sinceBoot,
            suspended: max(.zero, sinceBoot - awake),
            sinceEpoch: read(CLOCK_REALTIME),
        )
    }

    /// The time of day at a time since the boot, if the clock has not been set since.
    public func timestamp(at time: Duration) -> Timestamp {
        Timestamp(seconds: (sinceEpoch - sinceBoot + time).components.seconds)
    }

    /// The largest difference between two clocks that are read one after the other.
    private static let precision = Duration.milliseconds(100)

    /// The time since the boot of an instant before this moment.
    ///
    /// On a machine that was suspended it takes the time of day of the instant. If the clock was set since, it may be
    /// wrong by as long as the machine was suspended, and by no more.
    ///
    /// - Parameters:
    ///   - monotonic: The microseconds of the clock that stops while the machine is suspended.
    ///   - realtime: Reads the microseconds since 1970 of the same instant.
    /// - Returns: The time since the boot.
    /// - Throws: What reading throws.
    func sinceBoot<Failure: Error>(
        monotonic: UInt64,
        realtime: () throws(Failure) -> UInt64,
    ) throws(Failure) -> Duration {
        let awake = Duration.microseconds(Int64(clamping: monotonic))
        guard suspended >= Self.precision else { return awake }
        let ago = sinceEpoch - .microseconds(Int64(clamping: try realtime()))
        return awake + min(max(.zero, sinceBoot - ago - awake), suspended)
    }

    private static func read(_ clock: clockid_t) -> Duration {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}
