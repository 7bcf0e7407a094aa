import Base
import Execution
import Glibc
import Kubernetes
import Planning

/// The reason why a wait goes on, which is reported once the wait has lasted a second.
final class WaitProgress: Sendable {
    private struct State {
        var reason = ""
        var isReporting = false
    }

    private let subject: Wait.Subject
    private let context: ActionContext
    private let timeOfDeadline: String
    private let state = Locked(State())

    init(_ subject: Wait.Subject, _ context: ActionContext) {
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
        guard (try? await ContinuousClock().sleep(for: Wait.quietPeriod)) != nil else { return }
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
        if !reason.isEmpty { context.emit(.waiting(Wait(subject, reason: reason, givesUpAt: timeOfDeadline))) }
    }
}

extension ActionContext {
    /// Waits for events until the deadline; what cannot be waited for is tried again each second.
    ///
    /// - Parameters:
    ///   - subject: What is waited for, as progress names it.
    ///   - wait: Waits, and returns whether it was successful. It is given what it reports reasons to.
    /// - Returns: The last reason if it was not successful until the deadline, or was cancelled.
    func awaitEvents(
        _ subject: String,
        _ wait: (ActionContext, @escaping @Sendable (String) -> Void) async throws(SystemError) -> Bool,
    ) async -> String? {
        let progress = WaitProgress(.init(.condition, subject), self)
        async let _: Void = progress.reportAfterQuietPeriod()
        repeat {
            do throws(SystemError) {
                if try await wait(self, { progress.update($0) }) { return nil }
            } catch {
                if error.code == ECANCELED { break }
                progress.update("\(error)")
            }
        } while await progress.pauseBeforeRetry()
        return progress.reason
    }

    /// The failure of a task whose wait has lasted until its deadline.
    func timedOut(waitingFor expectation: String, _ reason: String, hint: String) -> Problem {
        Problem(
            "timed out after \(task.timeout.text) waiting for \(expectation): \(reason)",
            hint: "\(hint), or increase 'timeout' of task '\(task.name)'",
        )
    }
}
