import Base

/// The execution of one step, limited by its deadline.
struct StepRun<C: Clock<Duration>>: Sendable {
    let step: Plan.Step
    let clock: C
    let emit: @Sendable (Event) -> Void
    let perform: Engine.Performer

    /// The time after the deadline in which a step can still end with its own error before it is cancelled.
    static var grace: Duration { .seconds(10) }

    /// Performs the step, and returns its result; a success counts even if the step was cancelled.
    func entry() async -> Report.Entry {
        let start = clock.now
        let timeout = step.task.timeout
        let context = StepContext(
            task: step.task.name,
            timeout: timeout,
            elapsed: { [clock] in start.duration(to: clock.now) },
            report: emit,
        )
        let result = await performed(context, until: start.advanced(by: timeout + Self.grace))
        let outcome = judge(result, context)
        return Report.Entry(task: step.task.name, outcome: outcome, duration: start.duration(to: clock.now))
    }

    private func performed(_ context: StepContext, until deadline: C.Instant) async -> Result<Outcome, any Error> {
        await withTaskGroup(of: Result<Outcome, any Error>?.self) { group in
            group.addTask { [step, perform] in
                do {
                    return .success(try await perform(step, context))
                } catch {
                    return .failure(error)
                }
            }
            group.addTask { [clock] in
                try? await clock.sleep(until: deadline, tolerance: nil)
                return nil
            }
            while let first = await group.next() {
                // The context is marked first, so that the cancelled step can tell whether its deadline is the reason.
                if first == nil, !Task.isCancelled { context.markLate() }
                group.cancelAll()
                if let first { return first }
            }
            preconditionFailure("a step ends before the group that performs it")
        }
    }

    private func judge(_ result: Result<Outcome, any Error>, _ context: StepContext) -> Outcome {
        let isLate = context.isLate
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

/// The error of a task that did not end within its timeout.
public struct DeadlineExceeded: Error, Sendable, Hashable, CustomStringConvertible {
    var timeout: Duration

    /// The description of the last wait that the task emitted, or `nil` if it emitted none.
    var lastWaiting: String?

    public init(timeout: Duration, lastWaiting: String? = nil) {
        self.timeout = timeout
        self.lastWaiting = lastWaiting
    }

    /// The message: `timed out after 10m: API server 10.0.0.1:6443: connection refused`.
    public var description: String {
        "timed out after \(timeout.text)" + (lastWaiting.map { ": \($0)" } ?? "")
    }
}
