public import Base
import Glibc

/// A reading of the machine's clocks that converts timestamps from systemd and the journal to times since boot.
///
/// Task records use a clock that keeps running while the machine is suspended (`CLOCK_BOOTTIME`). Systemd and the
/// journal use a clock that stops during suspension (`CLOCK_MONOTONIC`).
public struct BootClock: Sendable, Hashable {
    /// The time since the machine was started.
    public var sinceBoot: Duration

    /// The part of the time since the boot during which the machine was suspended.
    public var suspended: Duration

    /// The time since 1970 by the machine's clock, which may be wrong.
    public var sinceEpoch: Duration

    public static func now() -> Self {
        let sinceBoot = read(CLOCK_BOOTTIME)
        let awake = read(CLOCK_MONOTONIC)
        return Self(
            sinceBoot: sinceBoot,
            suspended: max(.zero, sinceBoot - awake),
            sinceEpoch: read(CLOCK_REALTIME),
        )
    }

    /// Returns the time of day at a time since the boot, provided that the clock has not been set since.
    public func timestamp(at time: Duration) -> Timestamp {
        Timestamp(seconds: (sinceEpoch - sinceBoot + time).components.seconds)
    }

    /// The largest error that can result from reading two clocks one after the other.
    private static let precision = Duration.milliseconds(100)

    /// Converts an instant before this reading to a time since the boot.
    ///
    /// If the machine was suspended, the time of day of the instant is read too. If the clock was set since, the result
    /// may be wrong by at most the time that the machine was suspended.
    ///
    /// - Parameters:
    ///   - monotonic: The instant in microseconds of the clock that stops while the machine is suspended.
    ///   - realtime: A function that reads the same instant in microseconds since 1970.
    /// - Returns: The time since the boot.
    /// - Throws: The error of `realtime`.
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
