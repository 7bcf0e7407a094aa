import Base
import YAML

/// The order in which the objects of an apply start.
///
/// An object starts once its Namespace and its CustomResourceDefinition are on the server, if they are applied too.
/// Among the objects that may start, objects of an earlier rank go first. An object that is retried, or takes long,
/// delays only the objects that need it.
final class ApplySchedule: Sendable {
    /// The decision about an object whose turn has come.
    enum Turn: Sendable {
        /// The object can be applied now; the value is the last object that finished before it, if any.
        case start(after: Int?)
        /// The object needs another object that could not be applied.
        case blocked(by: ObjectFailure)
    }

    /// The number of objects that are applied at once, not counting objects being retried.
    static let limit = 32

    /// The number of objects being retried at which no other object starts, as while the server is unavailable.
    static let asideLimit = 500

    /// The time after which an object no longer delays objects of later ranks.
    private static let slownessLimit = Duration.seconds(2)

    private let state: Locked<ApplyScheduleState>

    /// Prepares the schedule of objects that are in apply order.
    ///
    /// - Parameters:
    ///   - manifests: The objects.
    ///   - needs: The dependencies between them.
    ///   - finished: The positions of objects that are on the server as they are to be.
    init(_ manifests: [ManifestObject], _ needs: ApplyNeeds, finished: Set<Int> = []) {
        var state = ApplyScheduleState(
            limit: Self.limit,
            ranks: manifests.map { ApplyOrder.rank(of: $0.identity.type) }
        )
        for index in manifests.indices where !finished.contains(index) {
            for need in needs.objects(neededBy: index) where !finished.contains(need) {
                state.add(need: need, of: index)
            }
            for other in needs.objects(toWaitForBefore: index) where !finished.contains(other) {
                state.add(predecessor: other, of: index)
            }
        }
        state.begin(with: finished)
        self.state = Locked(state)
    }

    /// The minimum pause between retries of one object, so that all retries together do not overload the server.
    var retryPause: Duration {
        let count = state.withLock { $0.asideCount }
        return count > Self.limit ? .seconds(1) * count / Self.limit : .zero
    }

    /// The objects that are on the server.
    var applied: [Int] { state.withLock { $0.applied } }

    /// Waits until the turn of one or more objects has come.
    ///
    /// Only one caller may wait at a time. Every object gets one turn, so only objects that are being applied use
    /// memory.
    ///
    /// - Returns: The objects; empty if every object has had its turn, or if the apply was cancelled.
    func turns() async -> [(index: Int, turn: Turn)] {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDue = state.withLock { state in
                    let isDue = state.hasDueTurns || state.isFinished || Task.isCancelled
                    if !isDue { state.waiting = continuation }
                    return isDue
                }
                if isDue { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.take() }?.resume()
        }
        return Task.isCancelled ? [] : takeTurns()
    }

    /// Returns the objects whose turn has come since the last call.
    func takeTurns() -> [(index: Int, turn: Turn)] { state.withLock { $0.takeDueTurns() } }

    /// Lets all other objects continue while an object is retried.
    func stepAside(_ index: Int) {
        change { $0.stepAside(index) }
    }

    /// Records that an object is on the server.
    func succeed(_ index: Int) {
        change { $0.finish(index, .success(())) }
    }

    /// Records that an object could not be applied, which blocks the objects that need it.
    func fail(_ index: Int, _ failure: ObjectFailure) {
        change { $0.finish(index, .failure(failure)) }
    }

    /// Lets objects of later ranks overtake slow objects, until the task is cancelled.
    func passSlowObjects() async {
        while await sleep(Self.slownessLimit / 4) {
            change { $0.passObjects(startedBefore: .now - Self.slownessLimit) }
        }
    }

    /// Changes the state, and resumes the caller that waits for the turn of an object.
    private func change(_ body: (inout ApplyScheduleState) -> Void) {
        let continuation = state.withLock { state in
            body(&state)
            return state.hasDueTurns || state.isFinished ? state.waiting.take() : nil
        }
        continuation?.resume()
    }
}

/// Dependencies between the objects of one apply.
struct ApplyNeeds {
    private let manifests: [ManifestObject]
    private let defaultNamespace: String
    private var providers = ProviderIndex<Int>()
    /// The objects by their namespace.
    private var members: [String: [Int]] = [:]

    init(_ manifests: [ManifestObject], defaultNamespace: String) {
        self.manifests = manifests
        self.defaultNamespace = defaultNamespace
        for (index, manifest) in manifests.enumerated() {
            providers.insert(manifest, as: index)
            if let namespace = namespace(of: manifest.identity) { members[namespace, default: []].append(index) }
        }
    }

    /// The CustomResourceDefinitions without which an object cannot be created.
    func definitions(neededBy index: Int) -> [Int] {
        providers.providers(of: .kind(DefinedKind(manifests[index].identity.type)))
    }

    /// The objects without which an object cannot be created: its Namespace and its CustomResourceDefinition.
    func objects(neededBy index: Int) -> [Int] {
        var identity = manifests[index].identity
        identity.namespace = namespace(of: identity)
        return identity.requirements.compactMap { providers.providers(of: $0).last }.filter { $0 != index }
    }

    /// The objects that are applied before an object although it could be created without them.
    ///
    /// An admission webhook or APIService is served by pods. If it is configured before the objects that these pods
    /// need, it can refuse them, and the only remedy is to delete the configuration.
    func objects(toWaitForBefore index: Int) -> [Int] {
        let manifest = manifests[index]
        guard ApplyOrder.rank(of: manifest.identity.type) == ApplyOrder.intercepting else { return [] }
        let spec = manifest.root["spec"]
        let webhooks = manifest.root["webhooks"]?.sequence ?? []
        let services = [spec?["service"]] + webhooks.map { $0["clientConfig"]?["service"] }
        let namespaces = Set(services.compactMap { $0?["namespace"]?.string })
        return namespaces.sorted().flatMap { members[$0] ?? [] }
    }

    /// The namespace of an object, `nil` for a kind that is known to be cluster-wide.
    private func namespace(of identity: ObjectIdentity) -> String? {
        ApplyOrder.isClusterWide(identity.type) ? nil : identity.namespace ?? defaultNamespace
    }
}
