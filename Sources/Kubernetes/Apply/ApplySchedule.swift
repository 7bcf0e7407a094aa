import Base

/// Which objects of an apply may start.
///
/// An object starts when what it needs is on the server: its Namespace and its CustomResourceDefinition, where they are
/// applied too. Of the objects that may start, those of an earlier rank go first. An object that is retried, or that
/// takes long, holds up only those that need it.
final class ApplySchedule: Sendable {
    /// What becomes of an object when its turn has come.
    enum Turn: Sendable {
        /// It is to be applied now; the last object that it waited for, if any.
        case start(after: Int?)
        /// It needs an object that could not be applied.
        case blocked(by: ObjectFailure)
        /// The apply was cancelled.
        case cancelled
    }

    /// How many objects are applied at once, not counting those that are retried.
    static let limit = 32

    /// After this time an object no longer holds up those of later ranks.
    private static let slownessLimit = Duration.seconds(2)

    private let state: Locked<ApplyScheduleState>

    /// Prepares the schedule of objects, which are in the order in which they go.
    init(_ manifests: [ManifestObject], defaultNamespace: String) {
        var state = ApplyScheduleState(
            limit: Self.limit,
            ranks: manifests.map { ApplyOrder.rank(of: $0.identity.type) }
        )
        let needs = ApplyNeeds(manifests, defaultNamespace: defaultNamespace)
        for index in manifests.indices {
            for need in needs.objects(neededBy: index) { state.add(need: need, of: index) }
            for other in needs.objects(toWaitForBefore: index) { state.add(predecessor: other, of: index) }
        }
        state.begin()
        self.state = Locked(state)
    }

    /// The time between attempts with which those of all objects that are retried are bearable for the server.
    var retryPause: Duration {
        let count = state.withLock { $0.asideCount }
        return count > Self.limit ? .seconds(1) * count / Self.limit : .zero
    }

    /// The objects that are on the server.
    var applied: [Int] { state.withLock { $0.applied } }

    /// Waits until an object may start.
    func turn(of index: Int) async -> Turn {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let turn = state.withLock { state in
                    let turn = state.turn(of: index) ?? (Task.isCancelled ? .cancelled : nil)
                    if turn == nil { state.waiting[index] = continuation }
                    return turn
                }
                if let turn { continuation.resume(returning: turn) }
            }
        } onCancel: {
            let continuation = state.withLock { $0.waiting.removeValue(forKey: index) }
            continuation?.resume(returning: .cancelled)
        }
    }

    /// Lets all others go on while an object is retried.
    func stepAside(_ index: Int) {
        change { $0.stepAside(index) }
    }

    /// Records that an object is on the server.
    func succeed(_ index: Int) {
        change { $0.finish(index, .success(())) }
    }

    /// Records that an object could not be applied, and thereby none of those that need it.
    func fail(_ index: Int, _ failure: ObjectFailure) {
        change { $0.finish(index, .failure(failure)) }
    }

    /// Lets objects of later ranks pass those that take long, until the task is cancelled.
    func passSlowObjects() async {
        while await sleep(Self.slownessLimit / 4) {
            change { $0.passObjects(startedBefore: .now - Self.slownessLimit) }
        }
    }

    /// Changes the state, and resumes the objects whose turn has come.
    private func change(_ body: (inout ApplyScheduleState) -> Void) {
        let answers = state.withLock { state in
            body(&state)
            return state.takeAnswers()
        }
        for (continuation, turn) in answers { continuation.resume(returning: turn) }
    }
}
