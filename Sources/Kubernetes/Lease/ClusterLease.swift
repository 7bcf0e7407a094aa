public import Base
import YAML

/// A Lease that one process of the cluster holds at a time.
///
/// The protocol is that of the leader election of Kubernetes' own components: every change names the version that it
/// changes, so that of two at the same time the server refuses one.
/// See https://kubernetes.io/docs/concepts/architecture/leases/.
public struct ClusterLease: Sendable {
    /// A holder that others wait for.
    public struct Holder: Sendable, Hashable {
        public var identity: String
        /// Since when it holds the Lease, by its own clock.
        public var since: Timestamp?
    }

    /// A Lease that this process holds.
    public struct Held: Sendable {
        /// When it was taken, by this machine's clock.
        public let since: Timestamp?
        let state: LeaseState
        let takenAt: ContinuousClock.Instant
    }

    /// The Lease in messages.
    public var description: String { subject.description }

    let client: APIClient
    let subject: ObjectIdentity
    let identity: String
    let task: String
    let location: SourceLocation
    let timing: LeaseTiming

    static let kind = GroupVersionKind(group: "coordination.k8s.io", version: "v1", kind: "Lease")

    /// Prepares a Lease.
    ///
    /// - Parameters:
    ///   - client: The API server.
    ///   - namespace: The namespace of the Lease.
    ///   - name: Its name.
    ///   - identity: What this process is as its holder; no other process may have the same.
    ///   - task: The task that needs it.
    ///   - location: Where the task says so.
    public init(
        _ client: APIClient,
        namespace: String,
        name: String,
        identity: String,
        task: String,
        location: SourceLocation,
    ) {
        let subject = ObjectIdentity(type: Self.kind, namespace: namespace, name: name)
        self.init(client, subject, identity, task, location, LeaseTiming())
    }

    init(
        _ client: APIClient,
        _ subject: ObjectIdentity,
        _ identity: String,
        _ task: String,
        _ location: SourceLocation,
        _ timing: LeaseTiming,
    ) {
        (self.client, self.subject, self.identity) = (client, subject, identity)
        (self.task, self.location, self.timing) = (task, location, timing)
    }

    var collection: String {
        "\(Self.kind.path)/namespaces/\(APIClient.percentEncoded(subject.namespace ?? ""))/leases"
    }

    private var path: String { "\(collection)/\(APIClient.percentEncoded(subject.name))" }

    /// Reads the Lease, `nil` if there is none.
    func read(until deadline: ContinuousClock.Instant) async throws(APIError) -> LeaseState? {
        try await client.find(path, as: subject, isPaced: false, until: deadline).map { LeaseState($0) }
    }

    /// Creates the Lease for this process.
    func create(until deadline: ContinuousClock.Instant) async throws(APIError) -> LeaseState {
        try await write("POST", collection, LeaseState.new(subject, identity, timing), deadline)
    }

    /// Changes a state that was read.
    func change(
        _ state: LeaseState,
        _ change: LeaseState.Change,
        until deadline: ContinuousClock.Instant,
    ) async throws(APIError) -> LeaseState {
        try await write("PUT", path, state.changed(change), deadline)
    }

    private func write(
        _ method: String,
        _ path: String,
        _ body: Node,
        _ deadline: ContinuousClock.Instant,
    ) async throws(APIError) -> LeaseState {
        let (object, response) = try await client.object(
            method,
            path,
            query: [("fieldManager", ManagedMetadata.manager)],
            body: body.json(),
            contentType: "application/json",
            as: ExpectedObject(subject, isStored: true),
            isPaced: false,
            until: deadline,
        )
        // Who believed another reply would hold a Lease that somebody else has.
        let holder = body["spec"]?["holderIdentity"]?.string ?? ""
        let fields = [("spec.holderIdentity", holder, object["spec"]?["holderIdentity"])]
        if let difference = ForeignReply.Content.difference(fields) {
            throw .foreign(ForeignReply(response, difference, method, client.kubeconfig.address))
        }
        return LeaseState(object)
    }

    /// The longest time that other nodes wait for a Lease which is neither renewed nor released.
    public var duration: Duration { timing.duration }

    /// How a release ended.
    public enum Release: Sendable {
        /// Others may take the Lease at once.
        case released
        /// It was lost before, unnoticed since its last renewal.
        case lost(Loss)
        /// It could not be released within five seconds: why, and what follows.
        case failed(String)
    }

    /// Releases a Lease, so that others need not wait until it expires.
    ///
    /// - Parameter held: The Lease.
    /// - Returns: How that ended.
    public func release(_ held: consuming Held) async -> Release {
        do throws(APIError) {
            return try await release().map { .lost($0) } ?? .released
        } catch {
            let limit = timing.duration.text
            return .failed("was not released (\(error.words)); other nodes wait until it expires, at most \(limit)")
        }
    }

    /// Releases the Lease, also if the surrounding Swift task is cancelled.
    ///
    /// - Returns: Why this process had lost it already, `nil` if it had not.
    func release() async throws(APIError) -> Loss? {
        let policy = RetryPolicy(deadline: .now + timing.requestLimit)
        let result = await Task { () -> Result<Loss?, APIError> in
            // A request without a response may have released it, and others may have taken it since.
            var mayBeReleased = false
            do throws(APIError) {
                let found = try await policy.retry(.init(.lock, subject.description)) {
                    () async throws(APIError) -> Loss? in
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
    /// How long one watch lasts; between two of them the Lease is read.
    private static let watchLimit = Duration.seconds(10)

    /// The pauses of a user who may not watch the Lease.
    private static let pollInterval = Duration.seconds(5)

    /// Waits until nobody else holds the Lease, and takes it.
    ///
    /// - Parameters:
    ///   - retryPolicy: How long to wait, and where it is reported who holds the Lease.
    ///   - onWait: Called each time that another process is seen to hold the Lease.
    /// - Returns: The Lease, which the caller renews and releases.
    /// - Throws: ``Base/Problem`` with the holder if time is up, or with what the server refuses.
    public func acquire(
        _ retryPolicy: RetryPolicy,
        onWait: (Holder) -> Void,
    ) async throws(Problem) -> Held {
        var observation = LeaseObservation(identity, timing)
        // Whether a watch has just returned the state.
        var isCurrent = false
        // Whether a request to take it was sent: it may have succeeded without a response.
        var mayHold = false
        do throws(APIError) {
            return try await retryPolicy.retry(
                .init(.lock, description),
                Backoff(),
                pausing: { delay in
                    let result = await pause(&observation, delay, until: retryPolicy.lastAttempt)
                    isCurrent = result.isCurrent
                    return result.goesOn
                },
            ) { () async throws(APIError) in
                if !isCurrent {
                    let state = try await read(until: retryPolicy.deadline)
                    observation.observe(state, at: .now)
                }
                isCurrent = false
                let step = observation.step(at: .now)
                if case .wait = step {
                    guard let state = observation.state else {
                        throw .pending("deleted while another node held it, which may not know that yet", .retry)
                    }
                    onWait(Holder(identity: state.holder, since: state.acquired))
                    throw .pending(Self.words(state), .retry)
                }
                mayHold = true
                return try await take(observation.state, step, until: retryPolicy.deadline)
            }
        } catch {
            if mayHold { _ = try? await release() }
            throw await problem(error, observation, retryPolicy)
        }
    }

    /// Takes the Lease, or renews it if an earlier request has taken it and its response was lost.
    private func take(
        _ state: LeaseState?,
        _ step: LeaseObservation.Step,
        until deadline: ContinuousClock.Instant,
    ) async throws(APIError) -> Held {
        let start = ContinuousClock.now
        let limit = min(deadline, start + timing.requestLimit)
        let taken: LeaseState
        do throws(APIError) {
            if let state {
                taken = try await change(state, step == .isHeld ? .renew : .take(identity, timing), until: limit)
            } else {
                taken = try await create(until: limit)
            }
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

    /// Waits until the Lease changes or expires, at most until an instant.
    ///
    /// - Returns: Whether it was not cancelled, and whether the observed state need not be read again.
    private func pause(
        _ observation: inout LeaseObservation,
        _ delay: Duration,
        until end: ContinuousClock.Instant,
    ) async -> (goesOn: Bool, isCurrent: Bool) {
        func rest(_ time: Duration) async -> Bool {
            await sleep(max(.zero, min(time, ContinuousClock.now.duration(to: end))))
        }
        guard case .wait(let time) = observation.step(at: .now) else { return (await rest(delay), false) }
        guard let state = observation.state else { return (await rest(min(time, Self.pollInterval)), false) }
        let limit = min(time, Self.watchLimit, ContinuousClock.now.duration(to: end))
        guard limit >= .seconds(1) else { return (await rest(limit + observation.randomDelay()), false) }
        let start = WatchStart(
            collection: collection,
            name: subject.name,
            resourceVersion: state.resourceVersion,
        )
        switch await client.nextChange(from: start, limit: limit, until: end) {
        case .changed(let object):
            observation.observe(object.map { LeaseState($0) }, at: .now)
            // All nodes that wait learn that it is free at the same moment. Most of them find that another one has taken it.
            if observation.state != nil, observation.isFree { return (await rest(observation.randomDelay()), false) }
            return (await rest(.seconds(Double.random(in: 0...1))), true)
        case .unchanged: return (!Task.isCancelled, false)
        case .unavailable: return (await rest(min(time, Self.pollInterval * Double.random(in: 0.8...1.2))), false)
        }
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
            let place = Node(.mapping(Mapping([])), location: location)
            let explanation = Explanation(
                client: client,
                manifest: ManifestObject(identity: subject, root: place, documentIndex: 1),
                live: nil,
                task: task,
                deadline: retryPolicy.deadline,
                purpose: .lock,
            )
            let failure = await explanation.failure(for: error)
            return failure.problems.first ?? Problem("\(description) cannot be taken", cause: error)
        }
    }
}

extension ClusterLease {
    /// Why a process does not have its Lease any more, or may soon not have it.
    public struct Loss: Sendable {
        /// The reason, in words that follow the Lease: `not renewed for 30s: …`.
        public var reason: String
        /// Advice, if there is any.
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

    /// The reason why this process no longer holds a Lease.
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
