/// When the holder of a Lease renews it, and when it has to stop.
struct LeaseRenewal {
    /// The next step.
    enum Step: Hashable {
        /// Nothing, for this time.
        case wait(Duration)
        /// Renew it, until this instant at most.
        case renew(until: ContinuousClock.Instant)
        /// Stop: soon another process may take the Lease.
        case stop
    }

    private let timing: LeaseTiming

    /// The beginning of the last request that succeeded: what others observe has happened later.
    private var renewedAt: ContinuousClock.Instant

    private var nextAttempt: ContinuousClock.Instant

    /// Creates the state of a Lease that has just been taken.
    ///
    /// - Parameters:
    ///   - timing: When it is renewed.
    ///   - takenAt: The beginning of the request that took it.
    init(_ timing: LeaseTiming, takenAt: ContinuousClock.Instant) {
        (self.timing, renewedAt) = (timing, takenAt)
        nextAttempt = takenAt + timing.renewInterval
    }

    /// Notes that a request has renewed the Lease.
    ///
    /// - Parameter start: The beginning of the request.
    mutating func noteSuccess(of start: ContinuousClock.Instant) {
        renewedAt = start
        nextAttempt = start + timing.renewInterval * Double.random(in: 0.9...1)
    }

    /// Notes that a request has failed.
    mutating func noteFailure(at now: ContinuousClock.Instant) {
        nextAttempt = now + timing.retryPause
    }

    /// Decides what follows; after a suspension of the machine that may be ``Step/stop`` at once.
    func step(at now: ContinuousClock.Instant) -> Step {
        let end = renewedAt + timing.renewDeadline
        if end <= now { return .stop }
        guard nextAttempt <= now else { return .wait(min(nextAttempt, end) - now) }
        return .renew(until: min(end, now + timing.requestLimit))
    }
}

/// How long a Lease is valid, and when it is renewed.
///
/// A holder that cannot renew the Lease stops at ``renewDeadline``. Before the Lease expires, its program then has the time
/// to end after `SIGTERM` and `SIGKILL`, and there is a margin for clocks that run at different speeds.
struct LeaseTiming: Sendable {
    /// How long others wait after the last change that they have observed.
    var duration = Duration.seconds(60)

    /// The time between the beginnings of two renewals.
    var renewInterval = Duration.seconds(10)

    /// How long after the beginning of the last successful renewal the holder stops.
    var renewDeadline = Duration.seconds(30)

    /// The pause after a renewal that failed.
    var retryPause = Duration.seconds(1)

    /// How long one request may take.
    var requestLimit = Duration.seconds(5)
}
