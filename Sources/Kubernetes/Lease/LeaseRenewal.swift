/// The times at which the holder of a Lease must renew the Lease or stop.
struct LeaseRenewal {
    enum Step: Hashable {
        case wait(Duration)
        /// Renew the Lease by a request with this deadline.
        case renew(until: ContinuousClock.Instant)
        /// Stop, because another process may soon take the Lease.
        case stop
    }

    private let timing: LeaseTiming

    /// The start of the last successful request: no other process can have observed the change earlier.
    private var renewedAt: ContinuousClock.Instant

    private var nextAttempt: ContinuousClock.Instant

    /// Creates a schedule; `takenAt` is the start of the request that took the Lease.
    init(_ timing: LeaseTiming, takenAt: ContinuousClock.Instant) {
        (self.timing, renewedAt) = (timing, takenAt)
        nextAttempt = takenAt + timing.renewInterval
    }

    /// Records the start of a request that has renewed the Lease.
    mutating func noteSuccess(of start: ContinuousClock.Instant) {
        renewedAt = start
        nextAttempt = start + timing.renewInterval * Double.random(in: 0.9...1)
    }

    mutating func noteFailure(at now: ContinuousClock.Instant) {
        nextAttempt = now + timing.retryPause
    }

    func step(at now: ContinuousClock.Instant) -> Step {
        let end = renewedAt + timing.renewDeadline
        if end <= now { return .stop }
        guard nextAttempt <= now else { return .wait(min(nextAttempt, end) - now) }
        return .renew(until: min(end, now + timing.requestLimit))
    }
}

/// The validity of a Lease, and the times of its renewal.
///
/// A holder that cannot renew the Lease stops at ``renewDeadline``. The time until the Lease expires is long enough to
/// end the holder's program with `SIGTERM` and then `SIGKILL`, even if clocks run at different speeds.
struct LeaseTiming: Sendable {
    /// The time for which other processes wait after the last change that they have observed.
    var duration = Duration.seconds(60)

    /// The time between the starts of two renewals, of which up to a tenth is subtracted at random.
    var renewInterval = Duration.seconds(10)

    /// The time after the start of the last successful renewal at which the holder stops.
    var renewDeadline = Duration.seconds(30)

    var retryPause = Duration.seconds(1)

    var requestLimit = Duration.seconds(5)
}
