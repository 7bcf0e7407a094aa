import Planning

/// How far a run has come: which steps ended, which may start.
struct Progress {
    private let plan: Plan
    private let dependants: [[Int]]
    private var entries: [Report.Entry?]
    /// How many dependencies of each step have not ended.
    private var openCounts: [Int]
    /// The steps that may start, from `readyStart` on.
    private var ready: [Int]
    private var readyStart = 0

    /// Creates the progress of a run that has not begun.
    init(_ plan: Plan) {
        self.plan = plan
        self.dependants = plan.dependantIndices
        self.entries = plan.steps.map { _ in nil }
        self.openCounts = plan.steps.map(\.dependencies.count)
        self.ready = plan.steps.indices.filter { plan.steps[$0].dependencies.isEmpty }
    }

    /// Takes the next step that may start.
    mutating func next() -> Int? {
        guard readyStart < ready.count else { return nil }
        readyStart += 1
        return ready[readyStart - 1]
    }

    /// Notes the end of a step, and of all that cannot start because of it.
    ///
    /// A step's fate is decided when all that it depends on has ended, so that the reason for skipping it does not depend
    /// on which of two failures came first.
    ///
    /// - Returns: What ended, the step first.
    mutating func end(_ step: Int, _ outcome: Outcome, after duration: Duration) -> [Report.Entry] {
        var ended = [note(step, outcome, after: duration)]
        var pending = [step]
        while let step = pending.popLast() {
            for dependant in dependants[step] {
                openCounts[dependant] -= 1
                guard openCounts[dependant] == 0 else { continue }
                if let outcome = obstacle(to: dependant) {
                    ended.append(note(dependant, outcome, after: .zero))
                    pending.append(dependant)
                } else {
                    ready.append(dependant)
                }
            }
        }
        return ended
    }

    /// Notes that every step which has not ended never will.
    ///
    /// - Returns: What ended so, in the order of the plan.
    mutating func interruptRest() -> [Report.Entry] {
        var ended: [Report.Entry] = []
        for step in plan.steps.indices where entries[step] == nil {
            ended.append(note(step, obstacle(to: step) ?? .interrupted, after: .zero))
        }
        return ended
    }

    /// What the steps came to, in the order of the plan.
    var report: Report {
        Report(entries.compactMap(\.self))
    }

    /// What becomes of a step that cannot start, because of the first of its dependencies that did not succeed.
    private func obstacle(to step: Int) -> Outcome? {
        for dependency in plan.steps[step].dependencies {
            switch entries[dependency]?.outcome {
            case .failed, .skipped: return .skipped(because: plan.steps[dependency].task.name)
            case .interrupted: return .interrupted
            case .changed, .unchanged, nil: continue
            }
        }
        return nil
    }

    private mutating func note(_ step: Int, _ outcome: Outcome, after duration: Duration) -> Report.Entry {
        let entry = Report.Entry(task: plan.steps[step].task.name, outcome: outcome, duration: duration)
        entries[step] = entry
        return entry
    }
}
