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
    ///   - onWait: Called with each other holder.
    /// - Returns: The Lease, to be renewed and given back.
    /// - Throws: ``Base/Problem`` with the holder if time is up, or with what the server refuses.
    public func acquire(
        _ retryPolicy: RetryPolicy,
        onWait: (Holder) -> Void,
    ) async throws(Problem) -> Held {
        var observation = LeaseObservation(identity, timing)
        var seen: LeaseState?
        var sentAt: ContinuousClock.Instant?
        do throws(APIError) {
            return try await retryPolicy.retry(
                description,
                Backoff(),
                pausing: { delay in
                    let (goesOn, changed) = await pause(observation, delay, retryPolicy)
                    seen = changed
                    return goesOn
                },
            ) { () async throws(APIError) in
                let found: LeaseState?
                if let seen { found = seen } else { found = try await read(until: retryPolicy.deadline) }
                seen = nil
                observation.observe(found, at: .now)
                return try await take(observation, &sentAt, retryPolicy.deadline, onWait)
            }
        } catch {
            // The last request may have succeeded without a response.
            if sentAt != nil { try? await release() }
            throw await problem(error, observation, retryPolicy)
        }
    }

    /// Takes the Lease if it is free, or says who holds it.
    private func take(
        _ observation: LeaseObservation,
        _ sentAt: inout ContinuousClock.Instant?,
        _ deadline: ContinuousClock.Instant,
        _ onWait: (Holder) -> Void,
    ) async throws(APIError) -> Held {
        do throws(APIError) {
            switch (observation.step(at: .now), observation.state) {
            case (.wait, let state?):
                onWait(Holder(identity: state.holder, since: state.acquired))
                throw .pending(Self.words(state), .retry)
            case (.isHeld, let state?):
                // The response to the request that took it was lost.
                return Held(since: state.acquired, state: state, takenAt: sentAt ?? .now)
            case (.take, let state?):
                sentAt = .now
                let taken = try await change(state, .take(identity, timing), until: deadline)
                return Held(since: taken.acquired, state: taken, takenAt: sentAt ?? .now)
            case (.create, _), (_, nil):
                sentAt = .now
                let made = try await create(until: deadline)
                return Held(since: made.acquired, state: made, takenAt: sentAt ?? .now)
            }
        } catch .refused(let refusal) where refusal.code == 409 {
            sentAt = nil
            throw .pending("another node was faster", .retry)
        }
    }

    private static func words(_ state: LeaseState) -> String {
        "held by '\(state.holder)'" + (state.acquired.map { " since \($0)" } ?? "")
    }

    /// Waits until the Lease changes or expires.
    ///
    /// - Returns: Whether it was not cancelled, and the changed Lease if the server has sent it.
    private func pause(
        _ observation: LeaseObservation,
        _ delay: Duration,
        _ retryPolicy: RetryPolicy,
    ) async -> (Bool, LeaseState?) {
        guard case .wait(let rest) = observation.step(at: .now), let state = observation.state else {
            return (await sleep(delay), nil)
        }
        let limit = min(rest, Self.watchLimit)
        guard limit >= .seconds(1) else { return (await sleep(limit), nil) }
        let start = WatchStart(
            collection: collection,
            name: subject.name,
            resourceVersion: state.resourceVersion,
        )
        switch await client.nextChange(from: start, limit: limit, until: retryPolicy.deadline) {
        case .changed(let object):
            // Hundreds of nodes learn of it at the same moment. Of a Lease that is free most read that it is taken again.
            guard let changed = object.map({ LeaseState($0) }), !changed.holder.isEmpty else {
                return (await sleep(.seconds(Double.random(in: 0...0.5))), nil)
            }
            return (await sleep(.seconds(Double.random(in: 0...1))), changed)
        case .unchanged: return (!Task.isCancelled, nil)
        case .unavailable:
            return (await sleep(min(rest, Self.pollInterval * Double.random(in: 0.8...1.2))), nil)
        }
    }

    /// Renews a Lease until the surrounding Swift task is cancelled.
    ///
    /// - Parameter held: The Lease.
    /// - Returns: Why the holder has to stop at once, `nil` if it was cancelled.
    public func keep(_ held: Held) async -> Problem? {
        var renewal = LeaseRenewal(timing, takenAt: held.takenAt)
        var state: LeaseState? = held.state
        var last: APIError?
        while !Task.isCancelled {
            switch renewal.step(at: .now) {
            case .stop: return loss(last)
            // In short pieces, as a machine may be suspended meanwhile.
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
                } catch {
                    last = error
                    // After a conflict the reason is read at once.
                    if error.status?.code != 409 { renewal.noteFailure(at: .now) }
                }
            }
        }
        return nil
    }

    private func loss(_ error: APIError?) -> Problem {
        Problem(
            "\(description) could not be renewed for \(timing.renewDeadline.text), so the task was ended before another "
                + "node may begin",
            hint: "look into the API server's log; the task can run again",
            cause: error
        )
    }

    private func loss(to other: LeaseState?) -> Problem {
        let reason = other.map { $0.holder.isEmpty ? "released" : "taken by '\($0.holder)'" } ?? "deleted"
        return Problem(
            "\(description) was \(reason) by somebody else while the task ran, so the task was ended",
            hint: "leave the Lease to the nodes"
        )
    }

    private func problem(
        _ error: APIError,
        _ observation: LeaseObservation,
        _ retryPolicy: RetryPolicy,
    ) async -> Problem {
        switch error {
        case .interrupted: return Problem("interrupted while waiting for \(description)")
        case .pending(let words, _, _):
            let advice = "look at task '\(task)' on that node, or increase 'timeout' of the task"
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
