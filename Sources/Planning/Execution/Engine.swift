/// An engine that runs each step of a plan as soon as all its dependencies have succeeded.
///
/// If a step fails, its dependants are skipped and all other steps continue. If the surrounding Swift task is
/// cancelled, no further step starts and running steps are cancelled.
public struct Engine: Sendable {
    /// A function that performs a step.
    ///
    /// A returned success always counts. A thrown error is a failure, or an interruption if the run was stopped before
    /// the step was late. ``DeadlineExceeded`` is always a failure.
    public typealias Performer = @Sendable (Plan.Step, StepContext) async throws -> Outcome

    /// A function that receives the result of a task before its last event is emitted and before its dependants start.
    public typealias Conclusion = @Sendable (Report.Entry) async -> Void

    let clock: any Clock<Duration>

    private let emit: @Sendable (Event) -> Void
    private let conclude: Conclusion

    /// Creates an engine that emits the events of each task in order, on any thread.
    public init(
        clock: any Clock<Duration> = ContinuousClock(),
        emit: @escaping @Sendable (Event) -> Void = { _ in },
        conclude: @escaping Conclusion = { _ in },
    ) {
        self.clock = clock
        self.emit = emit
        self.conclude = conclude
    }

    /// Runs a plan and returns the results of all tasks in the order of the plan.
    public func run(_ plan: Plan, perform: @escaping Performer) async -> Report {
        await run(plan, on: clock, perform)
    }

    private func run<C: Clock<Duration>>(_ plan: Plan, on clock: C, _ perform: @escaping Performer) async -> Report {
        var progress = Progress(plan)
        emit(Event(.runStarted(plan.steps.map { .init(name: $0.task.name, dependencies: $0.dependencies) })))
        await withTaskGroup(of: (step: Int, entry: Report.Entry).self) { group in
            while true {
                while !Task.isCancelled, let index = progress.next() {
                    let step = plan.steps[index]
                    emit(Event(task: step.task.name, .taskStarted(verb: step.task.verb.name)))
                    let run = StepRun(step: step, clock: clock, emit: emit, perform: perform)
                    group.addTask { [conclude] in
                        let entry = await run.entry()
                        await conclude(entry)
                        return (index, entry)
                    }
                }
                guard let (index, entry) = await group.next() else { break }
                reportOutcome(entry)
                await conclude(progress.end(index, entry))
            }
        }
        await conclude(progress.interruptRest())
        let report = progress.report
        emit(Event(.runFinished(report)))
        return report
    }

    /// Concludes tasks that did not start, and emits their outcomes.
    private func conclude(_ entries: [Report.Entry]) async {
        for entry in entries { await conclude(entry) }
        for entry in entries { reportOutcome(entry) }
    }

    private func reportOutcome(_ entry: Report.Entry) {
        emit(Event(task: entry.task, .taskFinished(entry.outcome, after: entry.duration)))
    }
}
