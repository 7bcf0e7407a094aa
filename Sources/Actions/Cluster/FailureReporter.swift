public import Base
import Execution
public import Kubernetes

/// Collects the objects of a task that could not be applied or deleted, and reports those with one cause together.
///
/// Objects that miss the same thing fail at nearly the same time, each after pauses of its own. They are reported once no
/// other has failed for a while: an object that is retried until the deadline must not hold back what is known already.
final class FailureReporter: Sendable {
    private struct State {
        var pending: [ObjectFailure] = []
        var lastAddition = ContinuousClock.now
        var count = 0
    }

    private let context: ActionContext
    private let positions: [String: Int]
    private let state = Locked(State())

    /// How long nothing else must fail: longer than the longest pause between two attempts.
    private static let quietPeriod = Duration.seconds(2)

    /// Creates a reporter.
    ///
    /// - Parameters:
    ///   - context: The task.
    ///   - manifests: Its objects in the order of the files.
    init(_ context: ActionContext, order manifests: [ManifestObject]) {
        self.context = context
        let files = manifests.map(\.location.file)
        positions = Dictionary(files.enumerated().map { ($1, $0) }, uniquingKeysWith: min)
    }

    /// How many objects have failed.
    var count: Int { state.withLock { $0.count } }

    func add(_ failure: ObjectFailure) {
        state.withLock { state in
            state.pending.append(failure)
            state.lastAddition = .now
            state.count += 1
        }
    }

    /// Reports failures whenever there are no new ones, until the surrounding Swift task is cancelled.
    func reportWhenQuiet() async {
        while (try? await ContinuousClock().sleep(for: Self.quietPeriod / 4)) != nil {
            let isQuiet = state.withLock { state in
                !state.pending.isEmpty && state.lastAddition + Self.quietPeriod <= .now
            }
            if isQuiet { await report() }
        }
    }

    /// Reports the failures that were not reported yet.
    func report() async {
        // Not a child: what failed before an interruption is a failure, and events of a cancelled task would be dropped.
        await Task { await reportPending() }.value
    }

    private func reportPending() async {
        let pending = state.withLock { state in
            defer { state.pending = [] }
            return state.pending
        }
        let failures = await DependencyHints(context: context).add(to: pending.sorted(by: isBefore))
        for group in FailureGroup.groups(of: failures) {
            for (index, failure) in group.members.enumerated() {
                let lines = index == 0 ? group.problems : []
                context.emit(.objectFailed(failure.object.description, GroupedFailure(failure: failure, lines: lines)))
            }
        }
    }

    /// Whether an object comes before another one in the files of the task.
    private func isBefore(_ left: ObjectFailure, _ right: ObjectFailure) -> Bool {
        guard let first = left.faults.first?.location, let second = right.faults.first?.location else { return false }
        let (leftFile, rightFile) = (positions[first.file] ?? 0, positions[second.file] ?? 0)
        return leftFile == rightFile ? first < second : leftFile < rightFile
    }
}

/// The failure of an object, printed together with others of the same cause.
public struct GroupedFailure: Error, Sendable {
    public var failure: ObjectFailure
    /// The problems to print: those of the group for its first object, none for the others.
    public var lines: [Problem]
}

extension GroupedFailure: PermanentFailure {
    /// Whether that of the object is.
    public var isPermanent: Bool { failure.isPermanent }
}
