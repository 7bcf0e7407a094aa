/// What a node that wants a Lease knows of it.
///
/// Whether it has expired is judged by this machine's clock alone, from the moment at which this machine has seen its last
/// change: the times in the object are those of another machine's clock.
struct LeaseObservation {
    /// What to do next.
    enum Step: Hashable {
        /// There is no Lease.
        case create
        /// Nobody holds it, or its holder has not renewed it in time.
        case take
        /// It is held by the node that looks.
        case isHeld
        /// Another one holds it, for this time at least.
        case wait(Duration)
    }

    /// Who looks.
    let identity: String

    /// How long a Lease is valid that does not say so.
    let timing: LeaseTiming

    /// The state that was seen last, `nil` if there was no Lease.
    private(set) var state: LeaseState?

    /// When this state was seen first.
    private var changedAt: ContinuousClock.Instant?

    /// Creates the knowledge of a node that has not looked yet.
    init(_ identity: String, _ timing: LeaseTiming) {
        (self.identity, self.timing) = (identity, timing)
    }

    /// Adds what is seen now.
    mutating func observe(_ found: LeaseState?, at now: ContinuousClock.Instant) {
        if changedAt == nil || found?.resourceVersion != state?.resourceVersion { changedAt = now }
        state = found
    }

    /// Decides what follows from what was seen.
    func step(at now: ContinuousClock.Instant) -> Step {
        guard let state, let changedAt else { return .create }
        if state.holder.isEmpty { return .take }
        if state.holder == identity { return .isHeld }
        let end = changedAt + (state.duration ?? timing.duration)
        return end <= now ? .take : .wait(end - now)
    }
}
