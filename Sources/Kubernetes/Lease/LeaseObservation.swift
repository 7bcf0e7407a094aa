/// The state of a Lease as a process that waits for it has seen it.
///
/// Whether it has expired is judged by this machine's clock alone, from the moment at which this machine has seen its last
/// change: the times in the object are those of another machine's clock.
struct LeaseObservation {
    /// The next step.
    enum Step: Hashable {
        /// There is no Lease.
        case create
        /// Nobody holds it, or its holder has not renewed it in time.
        case take
        /// It is held by this process.
        case isHeld
        /// Another process holds it, or held it when it was deleted, for this time at least.
        case wait(Duration)
    }

    /// The identity of this process.
    let identity: String

    /// How long a Lease is valid at least: all processes keep to this time, also if somebody has written a shorter one.
    let timing: LeaseTiming

    /// The state that was seen last, `nil` if there was no Lease.
    private(set) var state: LeaseState?

    /// When this state was seen first.
    private var changedAt: ContinuousClock.Instant?

    /// Until when a process may go on that held the Lease when it was deleted: it notices that when it renews the Lease.
    private var deletedUntil: ContinuousClock.Instant?

    /// How often it has passed to another process since it was seen first.
    private var passCount = 0

    /// Creates an observation without a state.
    init(_ identity: String, _ timing: LeaseTiming) {
        (self.identity, self.timing) = (identity, timing)
    }

    /// Adds the state that is seen now.
    mutating func observe(_ found: LeaseState?, at now: ContinuousClock.Instant) {
        if let found, changedAt != nil, !found.holder.isEmpty, found.holder != state?.holder, found.holder != identity {
            passCount += 1
        }
        if found != nil {
            deletedUntil = nil
        } else if let state, !state.holder.isEmpty, state.holder != identity {
            deletedUntil = expiry(of: state)
        }
        if changedAt == nil || found?.resourceVersion != state?.resourceVersion { changedAt = now }
        state = found
    }

    /// Whether there is no Lease, or no holder of it.
    var isFree: Bool { state?.holder.isEmpty ?? true }

    /// The longest delay before a Lease that has become free is read.
    ///
    /// The more often others were faster, the more of them wait. Long delays spread the requests of hundreds of nodes, and
    /// the shortest of hundreds of random delays is short.
    var delayLimit: Duration { min(Duration.milliseconds(500) * (1 << min(passCount, 4)), .seconds(8)) }

    /// A random delay up to ``delayLimit``.
    func randomDelay() -> Duration { delayLimit * Double.random(in: 0...1) }

    /// Decides what follows from what was seen.
    func step(at now: ContinuousClock.Instant) -> Step {
        guard let state else {
            guard let deletedUntil, deletedUntil > now else { return .create }
            return .wait(deletedUntil - now)
        }
        if state.holder.isEmpty { return .take }
        if state.holder == identity { return .isHeld }
        guard let end = expiry(of: state), end > now else { return .take }
        return .wait(end - now)
    }

    /// When a state expires that has not changed since it was seen first.
    private func expiry(of state: LeaseState) -> ContinuousClock.Instant? {
        changedAt.map { $0 + max(state.duration ?? .zero, timing.duration) }
    }
}
