import Base

/// The execution of one step, limited by its deadline.
struct StepRun<C: Clock<Duration>>: Sendable {
    let step: Plan.Step
    /// The clock that measures the deadline.
    let clock: C
    /// Receives the events.
    let emit: @Sendable (Event) -> Void
    let perform: Engine.Performer

    /// The time after the deadline in which a step can still end with its own message, before it is cancelled.
    static var grace: Duration { .seconds(10) }

    /// The events that can end the wait for a step.
    private enum First {
        case performed(Result<Outcome, any Error>)
        case deadlinePassed
        case sleepCancelled
    }

    /// Performs the step and returns its outcome and duration.
    ///
    /// A step that succeeds although it was cancelled counts as successful, because its work is done.
    func outcome() async -> (Outcome, Duration) {
        let start = clock.now
        let timeout = step.task.timeout
        let isLate = Flag()
        let context = StepContext(
            task: step.task.name,
            timeout: timeout,
            elapsed: { [clock] in start.duration(to: clock.now) },
            isLate: { isLate.isSet },
            emit: emit,
        )
        let result = await performed(context, until: start.advanced(by: timeout + Self.grace), isLate)
        return (judge(result, isLate: isLate.isSet, context), start.duration(to: clock.now))
    }

    private func performed(
        _ context: StepContext,
        until deadline: C.Instant,
        _ isLate: Flag,
    ) async -> Result<Outcome, any Error> {
        await withTaskGroup(of: First.self) { group in
            group.addTask { [step, perform] in
                do {
                    return .performed(.success(try await perform(step, context)))
                } catch {
                    return .performed(.failure(error))
                }
            }
            group.addTask { [clock] in
                do {
                    try await clock.sleep(until: deadline, tolerance: nil)
                    return .deadlinePassed
                } catch {
                    return .sleepCancelled
                }
            }
            while let first = await group.next() {
                switch first {
                case .performed(let result):
                    group.cancelAll()
                    return result
                case .deadlinePassed:
                    // The flag is set before the cancellation, so that the step can determine why it is cancelled.
                    isLate.set()
                    group.cancelAll()
                case .sleepCancelled:
                    continue
                }
            }
            preconditionFailure("a step ends before the group that performs it")
        }
    }

    private func judge(_ result: Result<Outcome, any Error>, isLate: Bool, _ context: StepContext) -> Outcome {
        switch result {
        case .success(let outcome) where outcome.isSuccess || !isLate:
            return outcome
        case .failure(let error as DeadlineExceeded):
            return .failed(error)
        case .success, .failure:
            if isLate { return .failed(DeadlineExceeded(timeout: context.timeout, lastWaiting: context.lastWaiting)) }
            guard case .failure(let error) = result, !Task.isCancelled else { return .interrupted }
            return .failed(error)
        }
    }
}

/// A flag that is set once and read by other threads.
private final class Flag: Sendable {
    private let value = Locked(false)

    var isSet: Bool { value.withLock { $0 } }

    func set() { value.withLock { $0 = true } }
}

/// The error of a task that did not end within its timeout.
///
/// An action throws this error itself if it knows more precisely than the engine what the task was waiting for.
public struct DeadlineExceeded: Error, Sendable, Hashable, CustomStringConvertible {
    /// The timeout of the task.
    public var timeout: Duration

    /// The last wait that the task reported, if there is one.
    public var lastWaiting: String?

    public init(timeout: Duration, lastWaiting: String? = nil) {
        self.timeout = timeout
        self.lastWaiting = lastWaiting
    }

    /// The message: `timed out after 10m: API server 10.0.0.1:6443: connection refused`.
    public var description: String {
        "timed out after \(timeout.text)" + (lastWaiting.map { ": \($0)" } ?? "")
    }
}
