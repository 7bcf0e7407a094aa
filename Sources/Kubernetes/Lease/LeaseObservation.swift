/// The state of a Lease as observed by a process that waits for it.
///
/// Expiry is judged by this machine's clock alone, from the moment at which this machine observed the last change. The
/// times in the object come from the clock of another machine.
struct LeaseObservation {
    /// The next step.
    enum Step: Hashable {
        /// The Lease does not exist.
        case create
        /// The Lease has no holder, or its holder has not renewed it in time.
        case take
        /// This process holds the Lease.
        case isHeld
        /// Another process holds the Lease, or held it when it was deleted.
        case wait
    }

    /// The identity of this process.
    let identity: String

    /// The timing; its duration applies even if the object contains a shorter duration.
    let timing: LeaseTiming

    /// The last observed state, or `nil` if the Lease did not exist.
    private(set) var state: LeaseState?

    /// The instant at which this state was first observed.
    private var changedAt: ContinuousClock.Instant?

    /// The instant until which the previous holder of a deleted Lease may still be running.
    ///
    /// The holder notices the deletion only when it next renews the Lease.
    private var deletedUntil: ContinuousClock.Instant?

    /// Creates an observation without a state.
    init(_ identity: String, _ timing: LeaseTiming) {
        (self.identity, self.timing) = (identity, timing)
    }

    /// Records the state that was just read.
    mutating func observe(_ found: LeaseState?, at now: ContinuousClock.Instant) {
        if found != nil {
            deletedUntil = nil
        } else if let state, !state.holder.isEmpty, state.holder != identity {
            deletedUntil = expiry(of: state)
        }
        if changedAt == nil || found?.resourceVersion != state?.resourceVersion { changedAt = now }
        state = found
    }

    /// Whether the Lease does not exist or has no holder.
    var isFree: Bool { state?.holder.isEmpty ?? true }

    /// Returns the next step for the observed state.
    func step(at now: ContinuousClock.Instant) -> Step {
        guard let state else {
            guard let deletedUntil, deletedUntil > now else { return .create }
            return .wait
        }
        if state.holder.isEmpty { return .take }
        if state.holder == identity { return .isHeld }
        guard let end = expiry(of: state), end > now else { return .take }
        return .wait
    }

    /// Returns the instant at which a state expires if it does not change.
    private func expiry(of state: LeaseState) -> ContinuousClock.Instant? {
        changedAt.map { $0 + max(state.duration ?? .zero, timing.duration) }
    }
}
