public import Base
import HTTP
import YAML

extension APIClient {
    /// Waits until objects are ready by the rules of ``Readiness``.
    ///
    /// The wait includes objects that do not exist yet, and objects whose controllers have given up: during a first
    /// boot an image may arrive late.
    ///
    /// - Throws: ``Base/Problems`` with one problem for every object that is not ready when the deadline has passed; the
    ///   ``Base/Problem`` itself if there is one.
    public func awaitReadiness(
        of objects: [AwaitedObject],
        minimumNodeCount: Int = 1,
        sinceBoot boot: String? = nil,
        task: String,
        _ retryPolicy: RetryPolicy,
    ) async throws {
        var rollout = Rollout(client: self, minimumNodeCount: minimumNodeCount, task: task, retryPolicy: retryPolicy)
        rollout.boot = boot
        try await rollout.wait(for: objects)
    }

    /// Reads an object, or returns `nil` if it does not exist.
    func find(_ identity: ObjectIdentity, until deadline: ContinuousClock.Instant) async throws(APIError) -> Node? {
        let resource = try await catalog.resource(of: identity.type, on: self, until: deadline)
        var identity = identity
        identity.namespace = resource.isNamespaced ? identity.namespace ?? kubeconfig.namespace : nil
        return try await find(resource.path(of: identity), as: identity, until: deadline)
    }
}

/// An object that a task awaits.
public struct AwaitedObject: Sendable {
    let identity: ObjectIdentity
    /// The location at which the task or its manifest describes the object.
    let location: SourceLocation?
    /// The manifest, or `nil` if the task only names the object.
    let manifest: ManifestObject?

    /// Whether the manifest describes a suspended Job.
    fileprivate var isSuspendedJob: Bool {
        identity.type.kind == "Job" && identity.type.group == "batch"
            && manifest?.root["spec"]?["suspend"]?.boolean == true
    }

    /// Creates an object that the task has applied.
    public init(_ manifest: ManifestObject) {
        (identity, location, self.manifest) = (manifest.identity, manifest.location, manifest)
    }

    /// Creates an object that the task only names.
    public init(_ identity: ObjectIdentity, at location: SourceLocation? = nil) {
        (self.identity, self.location, manifest) = (identity, location, nil)
    }
}

/// The wait for objects to become ready.
///
/// Objects of one kind and namespace are read with one LIST and watched from the version of the list; after any
/// change they are read again. Objects that cannot be listed or watched are polled.
struct Rollout {
    let client: APIClient
    let minimumNodeCount: Int
    /// The task that waits.
    let task: String
    let retryPolicy: RetryPolicy
    /// The boot of which a Node must be, because its conditions are at first those of the boot before; `nil` for any.
    var boot: String?
    /// The time before the cause of a slow rollout is looked up; the interval grows while nothing changes.
    var diagnosisInterval = Duration.seconds(5)

    /// Objects of one kind and namespace, with their positions in the list of all objects.
    private struct Group {
        var type: GroupVersionKind
        var namespace: String?
        var members: [(position: Int, identity: ObjectIdentity)]
    }

    /// The result of reading a group.
    private struct GroupState: Sendable {
        var unready: [(position: Int, object: UnreadyObject)] = []
        /// The start of a watch, or `nil` if the group must be polled.
        var watch: WatchStart?
    }

    /// The duration of the first watch; some rules depend on time, so objects are read again even without a change.
    private static let firstWatch = Duration.seconds(5)

    /// The longest time between look-ups, because hundreds of nodes may wait for the same object.
    private static let longestDiagnosisInterval = Duration.seconds(30)

    /// The time limit of one look-up; the last look-up is made when time is up.
    private static let diagnosisLimit = Duration.seconds(3)

    /// The time before the deadline at which objects are read for the last time.
    private static let reserve = Duration.milliseconds(100)

    /// The pause after a change, because changes come in bursts and one read covers a burst.
    private static let burst = Duration.milliseconds(50)

    /// Waits until all objects are ready.
    func wait(for objects: [AwaitedObject]) async throws {
        var backoff = Backoff()
        var (lookups, watchLimits) = quietTimes
        // A Job that its manifest suspends is as described, and never completes by itself.
        var pending = objects.filter { !$0.isSuspendedJob }.map(\.identity)
        var last: [UnreadyObject] = []
        var causes: [UnreadyObject: String] = [:]
        var nextDiagnosis = ContinuousClock.now + lookups.next()
        let time = timeOfDay(of: retryPolicy.deadline)
        while true {
            let states = await read(pending)
            var unready = states.flatMap(\.unready).sorted { $0.position < $1.position }.map(\.object)
            guard !unready.isEmpty else { return }
            pending = unready.map(\.identity)
            // Requests that were cut short by the deadline say nothing about their objects.
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
                let found = await RolloutDiagnosis(client: client, deadline: .now + limit).causes(of: unready)
                // A cause explains one reason, and no longer applies if the reason has changed.
                causes.merge(found) { $1 }
                nextDiagnosis = ContinuousClock.now + lookups.next()
            }
            for index in unready.indices { unready[index].cause = causes[unready[index]] }
            guard !isLast else { throw problem(of: unready, objects) }
            if let wait = wait(for: unready, until: time) { retryPolicy.report(wait) }
            let watches = states.filter { !$0.unready.isEmpty }.map(\.watch)
            // The watch ends when the next look-up is due.
            let limit = min(watchLimits.next(), max(.seconds(1), nextDiagnosis - .now))
            guard await pause(watches, upTo: limit, delay) else { throw interruption(of: unready) }
        }
    }

    /// The times between look-ups and the durations of watches; both start again at their shortest after each change.
    private var quietTimes: (lookups: Backoff, watches: Backoff) {
        (
            Backoff(first: diagnosisInterval, limit: Self.longestDiagnosisInterval),
            Backoff(first: Self.firstWatch, limit: APIClient.longestWatch)
        )
    }

    /// Returns the wait that the task reports: for the first object, with the other objects in the reason.
    private func wait(for unready: [UnreadyObject], until time: String) -> Wait? {
        guard let first = unready.first else { return nil }
        let reasons = [first.reasonWithDetail] + unready.dropFirst().map(\.description)
        // The detail is left out, because it may quote the output of a container.
        let publicReasons = [first.reason] + unready.dropFirst().map { "\($0.identity): \($0.reason)" }
        return Wait(
            .init(.object, "\(first.identity)"),
            reason: reasons.joined(separator: "; "),
            publicReason: publicReasons.joined(separator: "; "),
            givesUpAt: time,
            isComplete: true,
        )
    }

    private func interruption(of unready: [UnreadyObject]) -> Problem {
        Problem(
            "interrupted while waiting for \(unready.map(\.identity.description).joined(separator: ", "))"
        )
    }

    /// Returns the problems of objects that are not ready, each with its own location.
    private func problem(of unready: [UnreadyObject], _ objects: [AwaitedObject]) -> any Error {
        let problems = unready.map { object in
            let awaited = objects.first { $0.identity == object.identity }
            var problem = Problem("timed out waiting for \(object)", at: awaited?.location)
            // The object may become ready without a change of the file.
            problem.mayPass = true
            problem.reason = object.reasonWithDetail
            return problem
        }
        guard let first = problems.first, problems.count == 1 else { return Problems(problems) }
        return first
    }

    /// Waits until something changes, or pauses if not everything can be watched.
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

    /// Reads objects, grouped by kind and namespace.
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
            // A user with permission to get an object may lack permission to list it.
            return await get(group)
        } catch .transport(let error) where error.kind == .replyTooLarge {
            return await get(group)
        } catch {
            return state(of: group) { _ in error.words }
        }
    }

    /// Reads a group with one LIST.
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

    /// Returns the state of a group, given a function that returns why a member is not ready.
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

    /// Returns why an object is not ready, or `nil` if it is.
    private func unreadiness(of live: Node?, _ type: GroupVersionKind) -> String? {
        guard let live else { return "it does not exist" }
        return switch Readiness(of: live, type: type, minimumNodeCount: minimumNodeCount) {
        case .ready: isOfBoot(live) ? nil : "its status is that of an earlier boot: the kubelet has not updated it yet"
        case .waiting(let reason): reason
        case .failed(let reason): "its controller reports a failure: \(reason)"
        }
    }

    /// Returns whether the kubelet has written the status of a Node on the boot that must be.
    private func isOfBoot(_ live: Node) -> Bool {
        guard let boot, let found = live["status"]?["nodeInfo"]?["bootID"]?.string else { return true }
        return found == boot
    }
}
