import Base

/// The context of a running step: the deadline, and the interface for reporting events.
public struct StepContext: Sendable {
    /// The task's name.
    public let task: String

    /// The timeout of the task as a whole.
    public let timeout: Duration

    private let elapsed: @Sendable () -> Duration
    private let isLate: @Sendable () -> Bool
    private let waiting: WaitingReason
    private let report: @Sendable (Event) -> Void

    /// Creates a context.
    ///
    /// - Parameters:
    ///   - task: The task's name.
    ///   - timeout: The timeout of the task as a whole.
    ///   - elapsed: Returns the time since the step started.
    ///   - isLate: Returns whether the step was cancelled because of its deadline.
    ///   - emit: Receives the events.
    public init(
        task: String,
        timeout: Duration,
        elapsed: @escaping @Sendable () -> Duration = { .zero },
        isLate: @escaping @Sendable () -> Bool = { false },
        emit: @escaping @Sendable (Event) -> Void,
    ) {
        self.task = task
        self.timeout = timeout
        self.elapsed = elapsed
        self.isLate = isLate
        self.waiting = WaitingReason()
        self.report = emit
    }

    /// The time left until the deadline, never negative.
    public var remaining: Duration {
        max(timeout - elapsed(), .zero)
    }

    /// The deadline as an instant of the continuous clock.
    public var deadline: ContinuousClock.Instant {
        .now + remaining
    }

    /// The last wait that the step reported.
    public var lastWaiting: String? {
        waiting.last
    }

    /// Reports an event.
    ///
    /// A wait identical to the last reported wait is not reported again. If the run is interrupted, failures of objects
    /// are not reported, because the task's outcome already shows the interruption.
    public func emit(_ kind: Event.Kind) {
        switch kind {
        case .waiting(let wait) where !waiting.change(to: wait.description): return
        case .objectFailed where Task.isCancelled && !isLate(): return
        default: report(Event(task: task, kind))
        }
    }
}

/// The last wait that a step reported.
private final class WaitingReason: Sendable {
    private let text = Locked<String?>(nil)

    /// The text of the last wait.
    var last: String? {
        text.withLock { $0 }
    }

    /// Stores a text and returns whether it differs from the previous text.
    func change(to new: String) -> Bool {
        text.withLock { text in
            defer { text = new }
            return text != new
        }
    }
}
