import Planning

/// One step while it runs, against its deadline.
struct StepRun<C: Clock<Duration>>: Sendable {
    /// The step.
    let step: Plan.Step
    /// The clock of the deadline.
    let clock: C
    /// Where events go.
    let emit: @Sendable (Event) -> Void
    /// What does the step.
    let perform: Engine.Performer

    /// What can happen first.
    private enum First {
        case performed(Result<Outcome, any Error>)
        case deadlinePassed
        case sleepCancelled
    }

    /// Performs the step, and tells what it came to after how long.
    ///
    /// A step that succeeds in spite of being cancelled has succeeded: what it did is done.
    func outcome() async -> (Outcome, Duration) {
        let start = clock.now
        let timeout = step.task.timeout
        let context = StepContext(
            task: step.task.name,
            timeout: timeout,
            elapsed: { [clock] in start.duration(to: clock.now) },
            emit: emit,
        )
        let (result, isLate) = await performed(context, until: start.advanced(by: timeout))
        return (judge(result, isLate: isLate, context), start.duration(to: clock.now))
    }

    private func performed(
        _ context: StepContext,
        until deadline: C.Instant,
    ) async -> (result: Result<Outcome, any Error>, isLate: Bool) {
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
            var isLate = false
            while let first = await group.next() {
                switch first {
                case .performed(let result):
                    group.cancelAll()
                    return (result, isLate)
                case .deadlinePassed:
                    isLate = true
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
        case .success(.failed(let error as DeadlineExceeded)):
            return .failed(error)
        case .success, .failure:
            if isLate { return .failed(DeadlineExceeded(timeout: context.timeout, lastWaiting: context.lastWaiting)) }
            guard case .failure(let error) = result, !Task.isCancelled else { return .interrupted }
            return .failed(error)
        }
    }
}
