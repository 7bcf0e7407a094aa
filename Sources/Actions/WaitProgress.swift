import Base
import Execution
import Kubernetes

/// The reason why a wait goes on, which is reported once the wait has lasted a second.
final class WaitProgress: Sendable {
    private struct State {
        var reason = ""
        var isReporting = false
    }

    private let subject: String
    private let context: ActionContext
    private let timeOfDeadline: String
    private let state = Locked(State())

    private static let quietPeriod = Duration.seconds(1)

    init(_ subject: String, _ context: ActionContext) {
        self.subject = subject
        self.context = context
        timeOfDeadline = timeOfDay(of: context.deadline)
    }

    /// The last reason.
    var reason: String { state.withLock { $0.reason } }

    func update(_ reason: String) {
        let isReporting = state.withLock { state in
            state.reason = reason
            return state.isReporting
        }
        if isReporting { report(reason) }
    }

    func reportAfterQuietPeriod() async {
        guard (try? await ContinuousClock().sleep(for: Self.quietPeriod)) != nil else { return }
        let reason = state.withLock { state in
            state.isReporting = true
            return state.reason
        }
        report(reason)
    }

    /// Sleeps for a second; returns `false` at the deadline and when the task is cancelled.
    func pauseBeforeRetry() async -> Bool {
        let pause = min(.seconds(1), context.deadline - .now)
        guard pause > .zero else { return false }
        return (try? await ContinuousClock().sleep(for: pause)) != nil
    }

    private func report(_ reason: String) {
        if !reason.isEmpty { context.emit(.waiting("\(subject): \(reason) (gives up at \(timeOfDeadline))")) }
    }
}
