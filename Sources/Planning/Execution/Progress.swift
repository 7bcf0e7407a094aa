/// The progress of a run: the steps that have ended and the steps that may start.
struct Progress {
    private let plan: Plan
    private let dependants: [[Int]]
    private var entries: [Report.Entry?]
    /// For each step, the number of dependencies that have not ended.
    private var openCounts: [Int]
    private var ready: [Int]

    init(_ plan: Plan) {
        self.plan = plan
        self.dependants = plan.dependantIndices
        self.entries = plan.steps.map { _ in nil }
        self.openCounts = plan.steps.map(\.dependencies.count)
        self.ready = plan.steps.indices.filter { plan.steps[$0].dependencies.isEmpty }
    }

    /// Removes and returns the next step that may start.
    mutating func next() -> Int? {
        ready.isEmpty ? nil : ready.removeFirst()
    }

    /// Records the end of a step and of every step that cannot start as a consequence.
    ///
    /// A step is skipped only after all its dependencies have ended, so that the reason does not depend on which of two
    /// failures came first.
    ///
    /// - Returns: The results of the steps that cannot start.
    mutating func end(_ step: Int, _ entry: Report.Entry) -> [Report.Entry] {
        entries[step] = entry
        var ended: [Report.Entry] = []
        var pending = [step]
        while let step = pending.popLast() {
            for dependant in dependants[step] {
                openCounts[dependant] -= 1
                guard openCounts[dependant] == 0 else { continue }
                if let outcome = obstacle(to: dependant) {
                    ended.append(endWithoutStart(dependant, outcome))
                    pending.append(dependant)
                } else {
                    ready.append(dependant)
                }
            }
        }
        return ended
    }

    /// Ends the steps that have not started because the run was stopped, and returns their results.
    mutating func interruptRest() -> [Report.Entry] {
        var ended: [Report.Entry] = []
        for step in plan.steps.indices where entries[step] == nil {
            ended.append(endWithoutStart(step, obstacle(to: step) ?? .interrupted))
        }
        return ended
    }

    var report: Report {
        Report(entries: entries.compactMap(\.self))
    }

    /// Returns the outcome of a step that a dependency prevents from starting, or `nil` if none does.
    ///
    /// The first dependency that failed or was skipped or interrupted determines the kind of the outcome.
    private func obstacle(to step: Int) -> Outcome? {
        var causes: [String] = []
        for dependency in plan.steps[step].dependencies {
            switch entries[dependency]?.outcome {
            case .failed, .skipped: causes.append(plan.steps[dependency].task.name)
            case .interrupted: if causes.isEmpty { return .interrupted }
            case .changed, .unchanged, nil: continue
            }
        }
        return causes.isEmpty ? nil : .skipped(because: causes)
    }

    private mutating func endWithoutStart(_ step: Int, _ outcome: Outcome) -> Report.Entry {
        let entry = Report.Entry(task: plan.steps[step].task.name, outcome: outcome, duration: .zero)
        entries[step] = entry
        return entry
    }
}
