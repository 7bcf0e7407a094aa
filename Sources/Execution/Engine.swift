public import Planning

/// Runs the steps of a plan, each as soon as all that it depends on succeeded.
///
/// When one fails, what depends on it is skipped and everything else goes on. When the surrounding Swift task is
/// cancelled, nothing new starts and what runs is cancelled.
public struct Engine: Sendable {
    /// What does a step, and returns or throws what came of it.
    ///
    /// A thrown error is a failure, or an interruption where the step was cancelled; a returned outcome always counts.
    public typealias Performer = @Sendable (Plan.Step, StepContext) async throws -> Outcome

    /// The clock of deadlines and durations.
    public let clock: any Clock<Duration>

    /// How many steps may run side by side.
    public let concurrencyLimit: Int

    private let emit: @Sendable (Event) -> Void

    /// Creates an engine.
    ///
    /// - Parameters:
    ///   - clock: The clock of deadlines and durations.
    ///   - concurrencyLimit: How many steps may run side by side, at least one.
    ///   - emit: Where events go; those of one task come in order, those of several from several threads.
    public init(
        clock: any Clock<Duration> = ContinuousClock(),
        concurrencyLimit: Int = 16,
        emit: @escaping @Sendable (Event) -> Void = { _ in },
    ) {
        precondition(concurrencyLimit > 0, "an engine runs at least one step at a time")
        self.clock = clock
        self.concurrencyLimit = concurrencyLimit
        self.emit = emit
    }

    /// Runs a plan.
    ///
    /// - Parameters:
    ///   - plan: The steps.
    ///   - perform: What does a step.
    /// - Returns: What every task came to, in the order of the plan.
    public func run(_ plan: Plan, perform: @escaping Performer) async -> Report {
        await run(plan, on: clock, perform)
    }

    private func run<C: Clock<Duration>>(_ plan: Plan, on clock: C, _ perform: @escaping Performer) async -> Report {
        var progress = Progress(plan)
        emit(Event(.runStarted(taskCount: plan.steps.count)))
        await withTaskGroup(of: (step: Int, outcome: Outcome, duration: Duration).self) { group in
            var runningCount = 0
            while true {
                while runningCount < concurrencyLimit, !Task.isCancelled, let index = progress.next() {
                    let step = plan.steps[index]
                    emit(Event(task: step.task.name, .taskStarted(verb: step.task.verb.name)))
                    runningCount += 1
                    let run = StepRun(step: step, clock: clock, emit: emit, perform: perform)
                    group.addTask {
                        let (outcome, duration) = await run.outcome()
                        return (index, outcome, duration)
                    }
                }
                guard let (index, outcome, duration) = await group.next() else { break }
                runningCount -= 1
                tell(progress.end(index, outcome, after: duration))
            }
        }
        tell(progress.interruptRest())
        let report = progress.report
        emit(Event(.runFinished(report)))
        return report
    }

    private func tell(_ entries: [Report.Entry]) {
        for entry in entries {
            emit(Event(task: entry.task, .taskFinished(entry.outcome, after: entry.duration)))
        }
    }
}
