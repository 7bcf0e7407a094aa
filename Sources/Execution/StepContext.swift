import Base

/// The deadline of a step and the way to report what happens in it.
public struct StepContext: Sendable {
    /// The task's name.
    public let task: String

    /// How long the task may take in all.
    public let timeout: Duration

    private let elapsed: @Sendable () -> Duration
    private let isLate: @Sendable () -> Bool
    private let waiting: WaitingReason
    private let report: @Sendable (Event) -> Void

    /// Creates a context.
    ///
    /// - Parameters:
    ///   - task: The task's name.
    ///   - timeout: How long the task may take in all.
    ///   - elapsed: How much of it has passed.
    ///   - isLate: Whether the step is cancelled because of its deadline.
    ///   - emit: Where events go.
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

    /// The time that is left, never less than zero.
    public var remaining: Duration {
        max(timeout - elapsed(), .zero)
    }

    /// The deadline as an instant of the machine's clock.
    public var deadline: ContinuousClock.Instant {
        .now + remaining
    }

    /// The last wait that the step reported.
    public var lastWaiting: String? {
        waiting.last
    }

    /// Reports what happened.
    ///
    /// That the step waits for the same as before is reported once. What fails because the run was interrupted is not a
    /// failure, and is not reported: the task's outcome says that it was interrupted.
    public func emit(
        _ kind: Event.Kind,
        file: String = #fileID,
        line: Int = #line,
        function: String = #function,
    ) {
        emit(kind, from: CodeLocation(file: file, line: line, function: function))
    }

    /// Reports what happened, attributed to another source location.
    public func emit(_ kind: Event.Kind, from code: CodeLocation) {
        switch kind {
        case .waiting(let wait) where !waiting.change(to: wait.description): return
        case .objectFailed where Task.isCancelled && !isLate(): return
        default: report(Event(task: task, kind, from: code))
        }
    }
}

/// The last wait that a step reported.
private final class WaitingReason: Sendable {
    private let text = Locked<String?>(nil)

    /// The last text.
    var last: String? {
        text.withLock { $0 }
    }

    /// Keeps a text, and returns whether it differs from the last one.
    func change(to new: String) -> Bool {
        text.withLock { text in
            defer { text = new }
            return text != new
        }
    }
}
