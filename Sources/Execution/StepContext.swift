import Locking

/// What a step may know and say while it is performed.
public struct StepContext: Sendable {
    /// The task's name.
    public let task: String

    /// How long the task may take in all.
    public let timeout: Duration

    private let elapsed: @Sendable () -> Duration
    private let words: WaitingWords
    private let tell: @Sendable (Event) -> Void

    /// Creates a context.
    ///
    /// - Parameters:
    ///   - task: The task's name.
    ///   - timeout: How long the task may take in all.
    ///   - elapsed: How much of that is gone.
    ///   - emit: Where events go.
    public init(
        task: String,
        timeout: Duration,
        elapsed: @escaping @Sendable () -> Duration = { .zero },
        emit: @escaping @Sendable (Event) -> Void,
    ) {
        self.task = task
        self.timeout = timeout
        self.elapsed = elapsed
        self.words = WaitingWords()
        self.tell = emit
    }

    /// How much time is left, never less than nothing.
    public var remaining: Duration {
        max(timeout - elapsed(), .zero)
    }

    /// The instant of the machine's clock at which the time is up, for calls that take their deadline so.
    public var deadline: ContinuousClock.Instant {
        .now + remaining
    }

    /// What the step said last that it was waiting for.
    public var lastWaiting: String? {
        words.last
    }

    /// Tells what happened; that the step waits for the same as before is told once.
    public func emit(
        _ kind: Event.Kind,
        file: String = #fileID,
        line: Int = #line,
        function: String = #function,
    ) {
        emit(kind, from: CodePlace(file: file, line: line, function: function))
    }

    /// Tells what happened, as something else than the caller saw it.
    public func emit(_ kind: Event.Kind, from code: CodePlace) {
        if case .waiting(let text) = kind, !words.change(to: text) { return }
        tell(Event(task: task, kind, from: code))
    }
}

/// The words with which a step last said what it was waiting for.
private final class WaitingWords: Sendable {
    private let text = Locked<String?>(nil)

    /// The last words.
    var last: String? {
        text.withLock { $0 }
    }

    /// Tells whether words are others than the last, and keeps them.
    func change(to new: String) -> Bool {
        text.withLock { text in
            defer { text = new }
            return text != new
        }
    }
}
