public import Base
import YAML

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
