public import Base
import HTTP

extension APIClient {
    /// Waits until objects exist and are ready by the rules of ``Readiness``.
    ///
    /// An object whose controller reports a failure is awaited too, because the failure may pass. A DaemonSet can be
    /// ready only if it has at least `minimumNodeCount` eligible nodes. `boot` is the boot ID that a Node's status must
    /// have, or `nil` for any; until the kubelet updates the status, it has the ID of the previous boot.
    ///
    /// - Throws: ``Base/Problems`` with a problem for each object that is not ready at the deadline; a ``Base/Problem``
    ///   if there is one such object, or if the wait was interrupted.
    public func awaitReadiness(
        of objects: [AwaitedObject],
        minimumNodeCount: Int = 1,
        sinceBoot boot: String? = nil,
        _ retryPolicy: RetryPolicy,
    ) async throws {
        let rollout =
            Rollout(client: self, minimumNodeCount: minimumNodeCount, boot: boot, retryPolicy: retryPolicy)
        try await rollout.wait(for: objects)
    }
}

/// An object whose readiness a task awaits.
public struct AwaitedObject: Sendable {
    let identity: ObjectIdentity
    /// The location of the object in the task file or the manifest.
    let location: SourceLocation?
    /// Whether the object is ready as soon as it is applied, or is a suspended Job, which never completes by itself.
    fileprivate let isNotAwaited: Bool

    public init(_ manifest: ManifestObject) {
        (identity, location) = (manifest.identity, manifest.location)
        let type = manifest.identity.type
        let isSuspended =
            type.kind == "Job" && type.group == "batch" && manifest.root["spec"]?["suspend"]?.boolean == true
        let isStatic = ApplyWave(of: type) == .configuration && !["Node", "PersistentVolumeClaim"].contains(type.kind)
        isNotAwaited = isSuspended || isStatic || manifest.identity.isCustomResourceDefinition
    }

    public init(_ identity: ObjectIdentity, at location: SourceLocation? = nil) {
        (self.identity, self.location, isNotAwaited) = (identity, location, false)
    }
}

extension APIError {
    /// Whether the objects of an unreadable list may be readable: the list is forbidden, not supported or too large.
    fileprivate var isOfList: Bool {
        switch self {
        case .refused(let refusal): [403, 405].contains(refusal.code)
        case .transport(let error): error.kind == .replyTooLarge
        default: false
        }
    }
}

/// The wait for objects to become ready.
///
/// All objects are read repeatedly, if possible with one LIST for each kind and namespace, until all are ready.
struct Rollout {
    let client: APIClient
    let minimumNodeCount: Int
    let boot: String?
    let retryPolicy: RetryPolicy
    /// The time before the first look-up of the causes of a slow rollout, and between look-ups.
    var diagnosisInterval = Duration.seconds(5)

    /// The time limit of one look-up; the last look-up may end after the deadline.
    private static let diagnosisLimit = Duration.seconds(3)

    /// The time before the deadline at which objects are read for the last time.
    private static let reserve = Duration.milliseconds(100)

    func wait(for objects: [AwaitedObject]) async throws {
        let awaited = objects.filter { !$0.isNotAwaited }.map(\.identity)
        var backoff = Backoff()
        var last: [UnreadyObject] = []
        var causes: [UnreadyObject: String] = [:]
        var nextDiagnosis = ContinuousClock.now + diagnosisInterval
        let time = timeOfDay(of: retryPolicy.deadline)
        while true {
            var unready = await read(awaited)
            guard !unready.isEmpty else { return }
            // If the deadline cut a request short, its result says nothing about the objects.
            if .now >= retryPolicy.deadline, !last.isEmpty { unready = last }
            last = unready
            guard !Task.isCancelled else { throw interruption(of: unready) }
            let remaining = ContinuousClock.now.duration(to: retryPolicy.deadline) - Self.reserve
            let isLast = remaining <= .zero
            if isLast || .now >= nextDiagnosis {
                let limit = isLast ? Self.diagnosisLimit : min(Self.diagnosisLimit, remaining)
                let found = await RolloutDiagnosis(client: client, deadline: .now + limit).causes(of: unready)
                // A cause is kept as long as the reason of its object stays the same.
                causes.merge(found) { $1 }
                nextDiagnosis = .now + diagnosisInterval
            }
            for index in unready.indices { unready[index].cause = causes[unready[index]] }
            guard !isLast else { throw problem(of: unready, objects) }
            if let wait = wait(for: unready, until: time) { retryPolicy.report(wait) }
            guard await sleep(min(backoff.next(), remaining)) else { throw interruption(of: unready) }
        }
    }

    /// Returns the wait for the first object, with the other objects in the reason.
    private func wait(for unready: [UnreadyObject], until time: String) -> Wait? {
        guard let first = unready.first else { return nil }
        let reasons = [first.reasonWithDetail] + unready.dropFirst().map(\.description)
        // The detail is left out, because it may quote the output of a container.
        let publicReasons = [first.reason] + unready.dropFirst().map { "\($0.identity): \($0.reason)" }
        return Wait(
            .init(.object, "\(first.identity)"),
            reason: shortList(reasons),
            publicReason: shortList(publicReasons),
            givesUpAt: time,
            isComplete: true,
        )
    }

    private func interruption(of unready: [UnreadyObject]) -> Problem {
        Problem("interrupted while waiting for \(unready.map(\.identity.description).joined(separator: ", "))")
    }

    /// Returns the error about objects that are not ready at the deadline.
    private func problem(of unready: [UnreadyObject], _ objects: [AwaitedObject]) -> any Error {
        let problems = unready.map { object in
            let awaited = objects.first { $0.identity == object.identity }
            var problem = Problem("timed out waiting for \(object)", at: awaited?.location)
            // The object may become ready without a change to the file.
            problem.mayPass = true
            problem.reason = object.reasonWithDetail
            return problem
        }
        guard let first = problems.first, problems.count == 1 else { return Problems(problems) }
        return first
    }

    /// Returns the objects that are not ready, in the given order.
    private func read(_ identities: [ObjectIdentity]) async -> [UnreadyObject] {
        struct Group: Hashable {
            let type: GroupVersionKind
            let namespace: String
        }
        let groups = Dictionary(grouping: identities) { identity in
            Group(type: identity.type, namespace: identity.namespace ?? client.kubeconfig.namespace)
        }
        // Declared outside the group: without child tasks, Swift 6.3.1 frees a collection created inside it too early.
        // Guarded by EndToEndTests/CrashTests on the release build.
        var reasons: [ObjectIdentity: String] = [:]
        await withTaskGroup(of: [ObjectIdentity: String].self) { tasks in
            for (group, members) in groups {
                tasks.addTask { await read(members, of: group.type, in: group.namespace) }
            }
            for await found in tasks { reasons.merge(found) { $1 } }
        }
        return identities.compactMap { identity in
            reasons[identity].map { UnreadyObject(identity: identity, reason: $0) }
        }
    }

    /// Reads objects of one kind and namespace, and returns the reason for each object that is not ready.
    private func read(
        _ members: [ObjectIdentity],
        of type: GroupVersionKind,
        in namespace: String
    ) async -> [ObjectIdentity: String] {
        func reasons(_ reason: (ObjectIdentity) -> String?) -> [ObjectIdentity: String] {
            Dictionary(members.compactMap { member in reason(member).map { (member, $0) } }) { first, _ in first }
        }
        let deadline = retryPolicy.deadline
        do throws(APIError) {
            let resource = try await client.catalog.resource(of: type, on: client, until: deadline)
            let collection = resource.collectionPath(of: type, namespace: namespace)
            let query = members.count == 1 ? [("fieldSelector", "metadata.name=\(members[0].name)")] : []
            let list = try await client.object("GET", collection, query: query, until: deadline).node
            let items = (list["items"]?.sequence ?? []).map { ($0["metadata"]?["name"]?.string ?? "", $0) }
            let live = Dictionary(items) { first, _ in first }
            return reasons { unreadiness(of: live[$0.name], type) }
        } catch .refused(let refusal) where refusal.status.isUnknownResource {
            return reasons { _ in ServerStatus(missing: type).message }
        } catch {
            guard error.isOfList else { return reasons { _ in error.words } }
            // Objects that cannot be listed may still be readable one by one.
            var found: [ObjectIdentity: String] = [:]
            for member in members { found[member] = await unreadiness(of: member) }
            return found
        }
    }

    private func unreadiness(of identity: ObjectIdentity) async -> String? {
        do throws(APIError) {
            return unreadiness(of: try await client.find(identity, until: retryPolicy.deadline), identity.type)
        } catch {
            return error.words
        }
    }

    /// Returns the reason why an object is not ready, or `nil` if it is ready.
    private func unreadiness(of live: Node?, _ type: GroupVersionKind) -> String? {
        guard let live else { return "it does not exist" }
        switch Readiness(of: live, type: type, minimumNodeCount: minimumNodeCount) {
        case .waiting(let reason): return reason
        case .failed(let reason): return "its controller reports a failure: \(reason)"
        case .ready:
            guard let boot, let found = live["status"]?["nodeInfo"]?["bootID"]?.string, found != boot else {
                return nil
            }
            return "its status is that of an earlier boot: the kubelet has not updated it yet"
        }
    }
}
