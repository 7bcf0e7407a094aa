/// Decides when the holder of a Lease renews it, and when the holder must stop.
struct LeaseRenewal {
    /// The next step.
    enum Step: Hashable {
        /// Wait for this long.
        case wait(Duration)
        /// Renew the Lease, with this deadline for the request.
        case renew(until: ContinuousClock.Instant)
        /// Stop, because another process may soon take the Lease.
        case stop
    }

    private let timing: LeaseTiming

    /// The start of the last successful request; other processes observe the change only after this instant.
    private var renewedAt: ContinuousClock.Instant

    private var nextAttempt: ContinuousClock.Instant

    /// Creates the renewal schedule for a Lease that has just been taken.
    ///
    /// - Parameters:
    ///   - timing: The intervals and limits.
    ///   - takenAt: The start of the request that took the Lease.
    init(_ timing: LeaseTiming, takenAt: ContinuousClock.Instant) {
        (self.timing, renewedAt) = (timing, takenAt)
        nextAttempt = takenAt + timing.renewInterval
    }

    /// Records that a request has renewed the Lease.
    ///
    /// - Parameter start: The start of the request.
    mutating func noteSuccess(of start: ContinuousClock.Instant) {
        renewedAt = start
        nextAttempt = start + timing.renewInterval * Double.random(in: 0.9...1)
    }

    /// Records that a request has failed.
    mutating func noteFailure(at now: ContinuousClock.Instant) {
        nextAttempt = now + timing.retryPause
    }

    /// Returns the next step, which may be ``Step/stop`` right after a suspension of the machine.
    func step(at now: ContinuousClock.Instant) -> Step {
        let end = renewedAt + timing.renewDeadline
        if end <= now { return .stop }
        guard nextAttempt <= now else { return .wait(min(nextAttempt, end) - now) }
        return .renew(until: min(end, now + timing.requestLimit))
    }
}

/// The validity of a Lease, and the times of its renewal.
///
/// A holder that cannot renew the Lease stops at ``renewDeadline``. The remaining time until the Lease expires lets the
/// holder's program end after `SIGTERM` and `SIGKILL`, with a margin for clocks that run at different speeds.
struct LeaseTiming: Sendable {
    /// The time for which other processes wait after the last change of the Lease that they have observed.
    var duration = Duration.seconds(60)

    /// The time between the starts of two renewals.
    var renewInterval = Duration.seconds(10)

    /// The time after the start of the last successful renewal at which the holder stops.
    var renewDeadline = Duration.seconds(30)

    /// The pause after a failed renewal.
    var retryPause = Duration.seconds(1)

    /// The time limit of one request.
    var requestLimit = Duration.seconds(5)
}
