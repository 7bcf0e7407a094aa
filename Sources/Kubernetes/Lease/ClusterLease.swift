public import Base

/// A Lease that at most one process of the cluster holds at a time.
///
/// The protocol is the leader election of Kubernetes components: each update has the resource version that it is based
/// on, so the server refuses one of two concurrent updates. See
/// https://kubernetes.io/docs/concepts/architecture/leases/.
public struct ClusterLease: Sendable {
    /// The process that holds a Lease for which this process waits.
    public struct Holder: Sendable, Hashable {
        public var identity: String
        /// The time at which the holder acquired the Lease, by the holder's clock.
        public var since: Timestamp?
    }

    /// A Lease that this process holds.
    public struct Held: Sendable {
        /// The time at which this process took the Lease, by this machine's clock.
        public let since: Timestamp?
        let state: LeaseState
        let takenAt: ContinuousClock.Instant
    }

    public var description: String { subject.description }

    let client: APIClient
    let subject: ObjectIdentity
    let identity: String
    let task: String
    let location: SourceLocation
    var timing = LeaseTiming()

    static let kind = GroupVersionKind(group: "coordination.k8s.io", version: "v1", kind: "Lease")

    /// Creates a handle for a Lease, without a request to the server.
    ///
    /// `identity` is the name of this process as a holder; no other process may use the same name.
    public init(
        _ client: APIClient,
        namespace: String,
        name: String,
        identity: String,
        task: String,
        location: SourceLocation,
    ) {
        subject = ObjectIdentity(type: Self.kind, namespace: namespace, name: name)
        (self.client, self.identity, self.task, self.location) = (client, identity, task, location)
    }

    private var collection: String {
        "\(Self.kind.path)/namespaces/\(APIClient.percentEncoded(subject.namespace ?? ""))/leases"
    }

    private var path: String { "\(collection)/\(APIClient.percentEncoded(subject.name))" }

    /// Reads the Lease; returns `nil` if it does not exist.
    func read(until deadline: ContinuousClock.Instant) async throws(APIError) -> LeaseState? {
        try await client.find(path, as: subject, isUrgent: true, until: deadline).map { LeaseState($0) }
    }

    /// Writes a change to a state that was read before, or creates the Lease if the state is `nil`.
    func change(
        _ state: LeaseState?,
        _ change: LeaseState.Change,
        until deadline: ContinuousClock.Instant,
    ) async throws(APIError) -> LeaseState {
        let body = (state ?? LeaseState(new: subject)).changed(change)
        let method = state == nil ? "POST" : "PUT"
        let (object, response) = try await client.object(
            method,
            state == nil ? collection : path,
            query: [("fieldManager", ManagedMetadata.manager)],
            body: body.json(),
            contentType: "application/json",
            as: ExpectedObject(subject, isStored: true),
            isUrgent: true,
            until: deadline,
        )
        // Without this check, a response from something other than the server could make a second process the holder.
        let holder = body["spec"]?["holderIdentity"]?.string ?? ""
        let fields = [("spec.holderIdentity", holder, object["spec"]?["holderIdentity"])]
        if let difference = ForeignReply.difference(fields) { throw client.foreign(response, difference, method) }
        return LeaseState(object)
    }

    /// The time for which other processes wait for a Lease that is neither renewed nor released.
    public var duration: Duration { timing.duration }

    /// Releases the Lease, so that other processes need not wait until it expires.
    ///
    /// The release is retried for five seconds, even if the surrounding Swift task is cancelled.
    ///
    /// - Returns: The reason why this process no longer held the Lease, or `nil` if it released the Lease.
    public func release() async throws(APIError) -> Problem? {
        let policy = RetryPolicy(deadline: .now + timing.requestLimit)
        let result = await Task { () -> Result<Problem?, APIError> in
            // A failed request may have released the Lease on the server, and another process may then have taken it.
            var mayBeReleased = false
            do throws(APIError) {
                let found = try await policy.retry(.init(.lock, subject.description)) {
                    () async throws(APIError) -> Problem? in
                    let state = try await read(until: policy.deadline)
                    guard let state, state.holder == identity else { return mayBeReleased ? nil : self.loss(to: state) }
                    do throws(APIError) {
                        _ = try await change(state, .release, until: policy.deadline)
                    } catch {
                        mayBeReleased = mayBeReleased || error.mayHaveSucceeded
                        throw error
                    }
                    return nil
                }
                return .success(found)
            } catch {
                return .failure(error)
            }
        }.value
        return try result.get()
    }
}

extension ClusterLease {
    /// Waits until no other process holds the Lease, and takes it.
    ///
    /// `onWait` is called each time another process is found to hold the Lease.
    ///
    /// - Returns: The Lease, which the caller must renew and release.
    /// - Throws: ``Base/Problem`` with the reason why the Lease was not taken.
    public func acquire(
        _ retryPolicy: RetryPolicy,
        onWait: (Holder) -> Void,
    ) async throws(Problem) -> Held {
        var observation = LeaseObservation(identity, timing)
        // A failed request to take the Lease may have succeeded on the server.
        var mayHold = false
        do throws(APIError) {
            return try await retryPolicy.retry(.init(.lock, description), backoff: Backoff(limit: .seconds(2))) {
                () async throws(APIError) in
                let state = try await read(until: retryPolicy.deadline)
                observation.observe(state, at: .now)
                let step = observation.step(at: .now)
                if step == .wait {
                    guard let state else {
                        throw .pending("deleted while another node held it, which may not know that yet", .retry)
                    }
                    onWait(Holder(identity: state.holder, since: state.acquired))
                    throw .pending(Self.words(state), .retry)
                }
                mayHold = true
                return try await take(state, step, until: retryPolicy.deadline)
            }
        } catch {
            if mayHold { _ = try? await release() }
            throw await problem(error, observation, retryPolicy)
        }
    }

    /// Takes the Lease, or renews it if an earlier attempt has already taken it.
    private func take(
        _ state: LeaseState?,
        _ step: LeaseObservation.Step,
        until deadline: ContinuousClock.Instant,
    ) async throws(APIError) -> Held {
        let start = ContinuousClock.now
        let limit = min(deadline, start + timing.requestLimit)
        let taken: LeaseState
        do throws(APIError) {
            taken = try await change(state, step == .isHeld ? .renew : .take(identity, timing), until: limit)
        } catch .refused(let refusal) where refusal.code == 409 {
            throw .pending("conflict: another node changed it at the same time", .retry)
        }
        guard LeaseRenewal(timing, takenAt: start).step(at: .now) != .stop else {
            throw .pending("the response came too late", .retry)
        }
        return Held(since: taken.acquired, state: taken, takenAt: start)
    }

    private static func words(_ state: LeaseState) -> String {
        "held by '\(state.holder)'" + (state.acquired.map { " since \($0)" } ?? "")
    }

    private func problem(
        _ error: APIError,
        _ observation: LeaseObservation,
        _ retryPolicy: RetryPolicy,
    ) async -> Problem {
        switch error {
        case .interrupted: return Problem("interrupted while waiting for \(description)")
        case .pending(let words, _, _):
            let more = "increase 'timeout' of the task"
            let advice = observation.isFree ? more : "look at task '\(task)' on that node, or \(more)"
            return Problem("\(description): \(words)", at: location, hint: advice)
        default:
            let explanation = Explanation(
                client: client,
                manifest: ManifestObject(subject, at: location),
                live: nil,
                task: task,
                purpose: .lock,
            )
            let failure = explanation.failure(for: error)
            return failure.problems.first ?? Problem("\(description) cannot be taken", cause: error)
        }
    }
}

extension ClusterLease {
    /// Renews the Lease until the surrounding Swift task is cancelled or the Lease is lost.
    ///
    /// - Returns: The reason why this process must stop at once, or `nil` if the Swift task was cancelled.
    public func renew(_ held: Held) async -> Problem? {
        var renewal = LeaseRenewal(timing, takenAt: held.takenAt)
        var state: LeaseState? = held.state
        var last: APIError?
        var hasConflict = false
        while !Task.isCancelled {
            switch renewal.step(at: .now) {
            case .stop: return loss(last)
            // Sleeps are short, so that a suspension of the machine is noticed soon after it ends.
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
                    (last, hasConflict) = (nil, false)
                } catch {
                    // The error of a request that the deadline cut short says nothing about the server.
                    if last == nil || ContinuousClock.now < deadline { last = error }
                    // After a first conflict, the Lease is read at once, because another process may have taken it.
                    let isConflict = if case .refused(let refusal) = error { refusal.code == 409 } else { false }
                    if !isConflict || hasConflict { renewal.noteFailure(at: .now) }
                    hasConflict = isConflict
                }
            }
        }
        return nil
    }

    private func loss(_ error: APIError?) -> Problem {
        let time = "not renewed for \(timing.renewDeadline.text)"
        guard let error else {
            return Problem("\(time): the machine was suspended or overloaded")
        }
        return Problem(
            "\(time): \(error.words)",
            hint: "see why API server '\(client.kubeconfig.address)' did not answer"
        )
    }

    /// Explains the loss of the Lease by its current state, which is `nil` if the Lease was deleted.
    func loss(to other: LeaseState?) -> Problem {
        guard let other else {
            return Problem("deleted", hint: "see in the audit log of the API server who deleted it")
        }
        let name = "-n \(subject.namespace ?? "") \(subject.name)"
        return Problem(
            other.holder.isEmpty ? "released by another process" : "now held by '\(other.holder)'",
            hint: "see who writes it: kubectl get lease \(name) -o yaml --show-managed-fields"
        )
    }
}
