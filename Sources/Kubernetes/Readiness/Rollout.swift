public import Base
import HTTP
import YAML

extension APIClient {
    /// Waits until objects are ready by the rules of ``Readiness``.
    ///
    /// An object that does not exist yet is waited for, and so is one whose controller has given up: at a first boot an
    /// image may arrive late.
    ///
    /// - Throws: ``Base/Problem`` with every object that is not ready when the deadline has passed.
    public func awaitReadiness(
        of identities: [ObjectIdentity],
        minimumNodeCount: Int = 1,
        task: String,
        _ retryPolicy: RetryPolicy,
    ) async throws(Problem) {
        try await Rollout(client: self, minimumNodeCount: minimumNodeCount, task: task, retryPolicy: retryPolicy)
            .wait(for: identities)
    }

    /// Reads an object, `nil` if it does not exist.
    func find(_ identity: ObjectIdentity, until deadline: ContinuousClock.Instant) async throws(APIError) -> Node? {
        let resource = try await catalog.resource(of: identity.type, on: self, until: deadline)
        var identity = identity
        identity.namespace = resource.isNamespaced ? identity.namespace ?? kubeconfig.namespace : nil
        return try await find(resource.path(of: identity), as: identity, until: deadline)
    }
}

/// The wait for objects to become ready.
///
/// Objects of one kind and namespace are read by one LIST and watched from its version; any change is a reason to read
/// them again. Objects that cannot be listed or watched are polled.
struct Rollout {
    let client: APIClient
    let minimumNodeCount: Int
    /// The task that waits.
    let task: String
    let retryPolicy: RetryPolicy
    /// How long a rollout may take before its cause is looked up; while nothing changes, ever more time passes before that
    /// is done again.
    var diagnosisInterval = Duration.seconds(5)

    /// Objects of one kind and namespace, with their positions among all.
    private struct Group {
        var type: GroupVersionKind
        var namespace: String?
        var members: [(position: Int, identity: ObjectIdentity)]
    }

    /// The objects that were read of a group.
    private struct GroupState: Sendable {
        var unready: [(position: Int, object: UnreadyObject)] = []
        /// Where its changes can be watched from, `nil` if it must be polled.
        var watch: WatchStart?
    }

    /// How long the first watch lasts; some rules depend on time, so that objects are read again without a change.
    private static let firstWatch = Duration.seconds(5)

    /// The longest time between look-ups: hundreds of nodes may wait for the same object.
    private static let longestDiagnosisInterval = Duration.seconds(30)

    /// How long one look-up may take; the last one is made when time is up.
    private static let diagnosisLimit = Duration.seconds(3)

    /// When objects are read for the last time before time is up.
    private static let reserve = Duration.milliseconds(100)

    /// Changes come in bursts, of which one reading is enough.
    private static let burst = Duration.milliseconds(50)

    /// Waits until all objects are ready.
    func wait(for identities: [ObjectIdentity]) async throws(Problem) {
        var backoff = Backoff()
        var (lookups, watchLimits) = quietTimes
        var pending = identities
        var last: [UnreadyObject] = []
        var details: [UnreadyObject: String] = [:]
        var nextDiagnosis = ContinuousClock.now + lookups.next()
        let time = timeOfDay(of: retryPolicy.deadline)
        while true {
            let states = await read(pending)
            var unready = states.flatMap(\.unready).sorted { $0.position < $1.position }.map(\.object)
            guard !unready.isEmpty else { return }
            pending = unready.map(\.identity)
            // Answers that the deadline cut short say nothing about their objects.
            if ContinuousClock.now >= retryPolicy.deadline, !last.isEmpty {
                unready = last.filter { pending.contains($0.identity) }
            }
            if unready != last {
                (lookups, watchLimits) = quietTimes
                nextDiagnosis = min(nextDiagnosis, .now + lookups.next())
            }
            last = unready
            let remaining = ContinuousClock.now.duration(to: retryPolicy.deadline) - Self.reserve
            let delay = min(backoff.next(), remaining)
            guard !Task.isCancelled else { throw interruption(of: unready) }
            let isLast = remaining <= .zero
            if isLast || ContinuousClock.now >= nextDiagnosis {
                let limit = isLast ? Self.diagnosisLimit : min(Self.diagnosisLimit, remaining)
                let found = await RolloutDiagnosis(client: client, deadline: .now + limit).details(of: unready)
                // A detail explains one reason: with another reason it no longer counts.
                details.merge(found) { $1 }
                nextDiagnosis = ContinuousClock.now + lookups.next()
            }
            for index in unready.indices { unready[index].detail = details[unready[index]] }
            guard !isLast else { throw problem(of: unready) }
            if let wait = wait(for: unready, until: time) { retryPolicy.report(wait) }
            let watches = states.filter { !$0.unready.isEmpty }.map(\.watch)
            // The cause is looked up when it is due, also in the middle of a watch.
            let limit = min(watchLimits.next(), max(.seconds(1), nextDiagnosis - .now))
            guard await pause(watches, upTo: limit, delay) else { throw interruption(of: unready) }
        }
    }

    /// The times between look-ups, and those that watches last, after something has changed.
    private var quietTimes: (lookups: Backoff, watches: Backoff) {
        (
            Backoff(first: diagnosisInterval, limit: Self.longestDiagnosisInterval),
            Backoff(first: Self.firstWatch, limit: APIClient.longestWatch)
        )
    }

    /// The wait that the task reports: for the first object, with the others in the reason.
    private func wait(for unready: [UnreadyObject], until time: String) -> Wait? {
        guard let first = unready.first else { return nil }
        let reasons = [first.reasonWithDetail] + unready.dropFirst().map(\.description)
        return Wait(
            .init(.object, "\(first.identity)"),
            reason: reasons.joined(separator: "; "),
            givesUpAt: time,
            isComplete: true,
        )
    }

    private func interruption(of unready: [UnreadyObject]) -> Problem {
        Problem("interrupted while waiting for \(unready.map(\.identity.description).joined(separator: ", "))")
    }

    private func problem(of unready: [UnreadyObject]) -> Problem {
        let list = unready.map(\.description).joined(separator: "; ")
        let advice = Set(unready.map { ReadinessAdvice(for: $0, task: task).text })
        let common = advice.count == 1 ? advice.first ?? nil : nil
        return Problem(
            "timed out waiting for \(list)",
            hint: common ?? "fix what is missing, or increase 'timeout' of task '\(task)'",
        )
    }

    /// Waits until something changes, or for a pause where not everything can be watched.
    private func pause(
        _ watches: [WatchStart?],
        upTo limit: Duration,
        _ delay: Duration,
    ) async -> Bool {
        let starts = watches.compactMap(\.self)
        guard starts.count == watches.count else { return await sleep(delay) }
        // Declared outside the group: Swift 6.3.1 frees an array made inside too early when no child task was added.
        // Guarded by EndToEndTests/CrashTests on the release build.
        var outcome: WatchOutcome?
        await withTaskGroup(of: WatchOutcome.self) { group in
            for start in starts {
                group.addTask {
                    await client.nextChange(from: start, limit: limit, until: retryPolicy.deadline)
                }
            }
            outcome = await group.next()
            group.cancelAll()
        }
        switch outcome {
        case .changed: return await sleep(Self.burst)
        case .unchanged: return !Task.isCancelled
        case .unavailable, nil: return await sleep(delay)
        }
    }

    /// Reads objects, those of one kind and namespace together.
    private func read(_ identities: [ObjectIdentity]) async -> [GroupState] {
        var groups: [Group] = []
        for (position, identity) in identities.enumerated() {
            let namespace = identity.namespace ?? client.kubeconfig.namespace
            if let index = groups.firstIndex(where: { $0.type == identity.type && $0.namespace == namespace }) {
                groups[index].members.append((position, identity))
            } else {
                groups.append(Group(type: identity.type, namespace: namespace, members: [(position, identity)]))
            }
        }
        // Declared outside the group for the reason given in `pause`.
        var states: [GroupState] = []
        await withTaskGroup(of: GroupState.self) { tasks in
            for group in groups { tasks.addTask { await read(group) } }
            for await state in tasks { states.append(state) }
        }
        return states
    }

    private func read(_ group: Group) async -> GroupState {
        do {
            return try await list(group)
        } catch .refused(let refusal) where refusal.status.isUnknownResource {
            return state(of: group) { _ in ServerStatus(missing: group.type).message }
        } catch .refused(let refusal) where [403, 405].contains(refusal.code) {
            // A user who may get an object may not always list it.
            return await get(group)
        } catch .transport(let error) where error.kind == .replyTooLarge {
            return await get(group)
        } catch {
            return state(of: group) { _ in error.words }
        }
    }

    /// Reads a group by one LIST.
    private func list(_ group: Group) async throws(APIError) -> GroupState {
        let deadline = retryPolicy.deadline
        let resource = try await client.catalog.resource(of: group.type, on: client, until: deadline)
        let collection = resource.collectionPath(of: group.type, namespace: group.namespace)
        let name = group.members.count == 1 ? group.members.first?.identity.name : nil
        let query = name.map { [("fieldSelector", "metadata.name=\($0)")] } ?? []
        let list = try await client.object("GET", collection, query: query, until: deadline).node
        let items = (list["items"]?.sequence ?? []).map { ($0["metadata"]?["name"]?.string ?? "", $0) }
        let live = Dictionary(items) { first, _ in first }
        var state = state(of: group) { unreadiness(of: live[$0.name], group.type) }
        state.watch = list["metadata"]?["resourceVersion"]?.string.map { version in
            WatchStart(collection: collection, name: name, resourceVersion: version)
        }
        return state
    }

    /// Reads the objects of a group one by one.
    private func get(_ group: Group) async -> GroupState {
        var state = GroupState()
        for (position, identity) in group.members {
            guard let reason = await unreadiness(of: identity) else { continue }
            state.unready.append((position, UnreadyObject(identity: identity, reason: reason)))
        }
        return state
    }

    /// The state of a group, given the reason why a member is not ready, `nil` if it is.
    private func state(of group: Group, _ reason: (ObjectIdentity) -> String?) -> GroupState {
        GroupState(
            unready: group.members.compactMap { position, identity in
                reason(identity).map { (position, UnreadyObject(identity: identity, reason: $0)) }
            }
        )
    }

    private func unreadiness(of identity: ObjectIdentity) async -> String? {
        do {
            return unreadiness(of: try await client.find(identity, until: retryPolicy.deadline), identity.type)
        } catch {
            return error.words
        }
    }

    /// Why an object is not ready, `nil` if it is.
    private func unreadiness(of live: Node?, _ type: GroupVersionKind) -> String? {
        guard let live else { return "it does not exist" }
        return switch Readiness(of: live, type: type, minimumNodeCount: minimumNodeCount) {
        case .ready: nil
        case .waiting(let reason): reason
        case .failed(let reason): "its controller reports a failure: \(reason)"
        }
    }
}
