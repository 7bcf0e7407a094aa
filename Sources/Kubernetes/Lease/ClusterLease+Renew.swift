import Base

extension ClusterLease {
    /// Why a process does not have its Lease any more, or may soon not have it.
    public struct Loss: Sendable {
        /// What happened, in words that follow the Lease: `not renewed for 30s: …`.
        public var reason: String
        /// What to do, if that is known.
        public var hint: String?
    }

    /// Renews a Lease until the surrounding Swift task is cancelled.
    ///
    /// - Parameter held: The Lease.
    /// - Returns: Why the holder has to stop at once, `nil` if it was cancelled.
    public func renew(_ held: Held) async -> Loss? {
        var renewal = LeaseRenewal(timing, takenAt: held.takenAt)
        var state: LeaseState? = held.state
        var last: APIError?
        var hasConflict = false
        while !Task.isCancelled {
            switch renewal.step(at: .now) {
            case .stop: return loss(last)
            // At most a second: while the machine is suspended a sleep does not end.
            case .wait(let time): _ = await sleep(min(time, .seconds(1)))
            case .renew(let deadline):
                let start = ContinuousClock.now
                do throws(APIError) {
                    let current: LeaseState?
                    if let state { current = state } else { current = try await read(until: deadline) }
                    guard let current, current.holder == identity else { return loss(to: current) }
                    state = nil
                    state = try await change(current, .renew, until: deadline)
                    renewal.noteSuccess(of: start)
                    hasConflict = false
                } catch {
                    // A request that the end of the time has cut short says nothing about the server.
                    if last == nil || ContinuousClock.now < deadline { last = error }
                    // After the first conflict the Lease is read at once, because another process may have taken it.
                    let isConflict = error.status?.code == 409
                    if !isConflict || hasConflict { renewal.noteFailure(at: .now) }
                    hasConflict = isConflict
                }
            }
        }
        return nil
    }

    private func loss(_ error: APIError?) -> Loss {
        let time = "not renewed for \(timing.renewDeadline.text)"
        guard let error else {
            return Loss(reason: "\(time): the machine was suspended or overloaded")
        }
        return Loss(
            reason: "\(time): \(error.words)",
            hint: "see why API server '\(client.kubeconfig.address)' did not answer"
        )
    }

    /// What has happened to a Lease that this process does not hold any more.
    func loss(to other: LeaseState?) -> Loss {
        guard let other else {
            return Loss(reason: "deleted", hint: "see in the audit log of the API server who deleted it")
        }
        let name = "-n \(subject.namespace ?? "") \(subject.name)"
        return Loss(
            reason: other.holder.isEmpty ? "released by another process" : "now held by '\(other.holder)'",
            hint: "see who writes it: kubectl get lease \(name) -o yaml --show-managed-fields"
        )
    }
}
