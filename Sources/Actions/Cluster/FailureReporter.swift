import Base
import Kubernetes
import Planning

/// A collector of the failures of objects, which emits failures with the same cause together.
///
/// During ``reportWhenQuiet()``, failures are emitted once no further object has failed for a while, so that an object
/// that is retried until the deadline does not delay them.
final class FailureReporter: Sendable {
    private struct State {
        var pending: [ObjectFailure] = []
        var lastAddition = ContinuousClock.now
        var count = 0
        var changedCount = 0
    }

    private let context: ActionContext
    private let state = Locked(State())

    /// The time without a new failure after which failures are emitted; longer than a usual pause between retries.
    private static let quietPeriod = Duration.seconds(2)

    init(_ context: ActionContext) { self.context = context }

    /// The number of failures, including those that have not been emitted yet.
    var count: Int { state.withLock { $0.count } }

    /// The number of objects that were changed or deleted.
    var changedCount: Int { state.withLock { $0.changedCount } }

    /// Emits the result or the warning about one object, or adds its failure unless it was interrupted.
    func report(_ message: Applier.Message) {
        switch message {
        case .applied(let identity, let result):
            if result.change != .unchanged { state.withLock { $0.changedCount += 1 } }
            context.emit(.object(identity.description, result))
        case .warning(let identity, let text):
            context.emit(.warning(subject: identity.description, text))
        // The outcome of the task already shows an interruption.
        case .failed(let failure) where failure.cause == .interrupted: break
        case .failed(let failure):
            state.withLock { state in
                state.pending.append(failure)
                state.lastAddition = .now
                state.count += 1
            }
        }
    }

    /// Emits failures after each quiet period, until the surrounding Swift task is cancelled.
    func reportWhenQuiet() async {
        while (try? await ContinuousClock().sleep(for: Self.quietPeriod / 4)) != nil {
            let isQuiet = state.withLock { state in
                !state.pending.isEmpty && state.lastAddition + Self.quietPeriod <= .now
            }
            if isQuiet { await report() }
        }
    }

    /// Emits the failures that have not been emitted yet.
    func report() async {
        // In a cancelled Swift task, the events would be dropped, but failures before an interruption must be reported.
        await Task { await reportPending() }.value
    }

    private func reportPending() async {
        let pending = state.withLock { state in
            defer { state.pending = [] }
            return state.pending
        }
        let failures = await DependencyHints(context: context).add(to: pending.sorted(by: Self.isBefore))
        for group in FailureGroup.groups(of: failures) {
            for (index, failure) in group.members.enumerated() {
                let object = Event.FailedObject(
                    failure.object.description,
                    failure.problems,
                    printed: index == 0 ? group.problems : [],
                    isPermanent: failure.isPermanent
                )
                context.emit(.objectFailed(object))
            }
        }
    }

    /// Returns whether a failure comes before another by file, line and column.
    private static func isBefore(_ left: ObjectFailure, _ right: ObjectFailure) -> Bool {
        guard let first = left.faults.first?.location, let second = right.faults.first?.location else { return false }
        return first < second
    }
}
