import Base

/// The context of a running step: the deadline, and the interface for reporting events.
public struct StepContext: Sendable {
    /// The task's name.
    public let task: String

    /// The timeout of the task as a whole.
    public let timeout: Duration

    /// Returns the time since the step started.
    var elapsed: @Sendable () -> Duration = { .zero }
    /// Receives the events.
    let report: @Sendable (Event) -> Void
    private let state = State()

    /// The time left until the deadline, never negative.
    public var remaining: Duration {
        max(timeout - elapsed(), .zero)
    }

    /// The deadline as an instant of the continuous clock.
    public var deadline: ContinuousClock.Instant {
        .now + remaining
    }

    /// The last wait that the step reported.
    public var lastWaiting: String? { state.value.withLock { $0.lastWaiting } }

    /// Whether the step was cancelled because of its deadline.
    var isLate: Bool { state.value.withLock { $0.isLate } }

    /// Records that the step is about to be cancelled because of its deadline.
    func markLate() { state.value.withLock { $0.isLate = true } }

    /// Stores a wait, and returns whether it differs from the last one.
    private func change(to new: String) -> Bool {
        state.value.withLock { state in
            defer { state.lastWaiting = new }
            return state.lastWaiting != new
        }
    }

    /// Reports an event.
    ///
    /// A wait identical to the last reported wait is not reported again. If the run is interrupted, failures of objects
    /// are not reported, because the task's outcome already shows the interruption.
    public func emit(_ kind: Event.Kind) {
        switch kind {
        case .waiting(let wait) where !change(to: wait.description): return
        case .objectFailed where Task.isCancelled && !isLate: return
        default: report(Event(task: task, kind))
        }
    }

    /// What the tasks of a step share.
    private final class State: Sendable {
        let value = Locked((lastWaiting: String?.none, isLate: false))
    }
}
