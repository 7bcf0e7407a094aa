/// The observations of a process that waits for a Lease.
///
/// A Lease expires if this process observes no change for the duration of the Lease. The times in the object do not
/// count, because they come from another machine's clock.
struct LeaseObservation {
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

    let identity: String

    /// The timing, whose duration applies if the object specifies a shorter duration or none.
    let timing: LeaseTiming

    /// The last observed state, `nil` if the Lease did not exist or was not observed yet.
    private(set) var state: LeaseState?

    /// The instant at which the last observed state was first observed.
    private var changedAt: ContinuousClock.Instant?

    /// The instant until which the holder of a deleted Lease may not have noticed the deletion.
    private var deletedUntil: ContinuousClock.Instant?

    init(_ identity: String, _ timing: LeaseTiming) {
        (self.identity, self.timing) = (identity, timing)
    }

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

    /// Returns the instant at which the last observed state expires if it does not change.
    private func expiry(of state: LeaseState) -> ContinuousClock.Instant? {
        changedAt.map { $0 + max(state.duration ?? .zero, timing.duration) }
    }
}
