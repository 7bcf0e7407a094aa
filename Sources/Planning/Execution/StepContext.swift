import Base

/// The context of a running step: its task, its deadline and the function that emits its events.
public struct StepContext: Sendable {
    public let task: String

    public let timeout: Duration

    /// A function that returns the time since the step started.
    var elapsed: @Sendable () -> Duration = { .zero }
    let report: @Sendable (Event) -> Void
    private let state = State()

    /// The time left until the deadline, never negative.
    public var remaining: Duration {
        max(timeout - elapsed(), .zero)
    }

    /// The deadline as an instant of the continuous clock, or the current instant if it has passed.
    public var deadline: ContinuousClock.Instant {
        .now + remaining
    }

    /// The description of the last wait that the step emitted, or `nil` if it emitted none.
    public var lastWaiting: String? { state.value.withLock { $0.lastWaiting } }

    /// Whether the step was cancelled because of its deadline.
    var isLate: Bool { state.value.withLock { $0.isLate } }

    func markLate() { state.value.withLock { $0.isLate = true } }

    /// Stores a wait, and returns whether it differs from the last one.
    private func change(to new: String) -> Bool {
        state.value.withLock { state in
            defer { state.lastWaiting = new }
            return state.lastWaiting != new
        }
    }

    /// Emits an event unless it repeats the last wait or reports a failed object of an interrupted task.
    public func emit(_ kind: Event.Kind) {
        switch kind {
        case .waiting(let wait) where !change(to: wait.description): return
        case .objectFailed where Task.isCancelled && !isLate: return
        default: report(Event(task: task, kind))
        }
    }

    /// The state that the Swift tasks of a step share.
    private final class State: Sendable {
        let value = Locked((lastWaiting: String?.none, isLate: false))
    }
}
