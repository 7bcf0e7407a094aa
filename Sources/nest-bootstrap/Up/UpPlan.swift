import Base
import Execution
import Host
import Planning
import State

/// The tasks that `up` starts, and the reason for each.
struct UpPlan {
    /// The reason for which a task is started.
    enum Reason: Sendable, Hashable {
        /// Its declaration is not that of its last success.
        case declaration
        /// A file that it reads is not that of its last success.
        case file(String)
        /// Its last success did not record what it used.
        case unrecorded
        /// It has not succeeded on this boot.
        case state(TaskState)
        /// Its unit is not active, although it succeeded.
        case unit(String)
        /// It runs after a task that runs again.
        case follows(String)
    }

    /// A task that is started.
    struct Start: Sendable, Hashable {
        let task: String
        let reason: Reason
    }

    /// The tasks in the order of the plan.
    let starts: [Start]

    /// The jobs that start them.
    let jobs: [Systemd.Job]

    /// The tasks of ``starts`` with masked units, which systemd refuses to start.
    let masked: [String]

    /// Compares the task files with what has run on this boot, after systemd has read the units again.
    init(
        _ configuration: Configuration,
        _ records: RecordStore,
        _ services: [String: ServiceState],
        only names: [String]
    ) throws(Problems) {
        let plan = configuration.plan
        let wanted = names.isEmpty ? plan : try plan.selecting(names, withDependencies: true)
        let wantedNames = Set(wanted.steps.map(\.task.name))
        let reader = InputReader(configuration)
        let statuses = records.statuses(of: plan.steps.map(\.task.name))
        var starts: [Start] = []
        var jobs: [Systemd.Job] = []
        var masked: [String] = []
        var runsAgain = Array(repeating: false, count: plan.steps.count)
        var isKeptOff = runsAgain
        for (index, step) in plan.steps.enumerated() {
            let task = step.task
            let before = step.dependencies.first { runsAgain[$0] }.map { plan.steps[$0].task.name }
            let isUp = statuses[index].state.isSuccess
            let unit = services[task.unitName]?.unit
            // systemd refuses a job of a masked unit, and of a unit that requires one that has to be started.
            let isMasked = unit?.load == "masked"
            isKeptOff[index] = isMasked || !isUp && step.dependencies.contains { isKeptOff[$0] }
            func start(_ reason: Reason, _ job: Systemd.Job?) {
                starts.append(Start(task: task.name, reason: reason))
                if isMasked { masked.append(task.name) }
                if !isKeptOff[index], let job { jobs.append(job) }
            }
            let isWanted = wantedNames.contains(task.name)
            let change =
                isWanted && (isUp || statuses[index].state == .running)
                ? Self.change(of: task, statuses[index], records, reader) : nil
            if let change {
                runsAgain[index] = !isKeptOff[index]
                start(change, .restart(task.unitName))
                // A timer that is active keeps the interval that it was started with.
                if task.interval != nil, !isKeptOff[index] { jobs.append(.restart(timerName(ofTask: task.name))) }
            } else if isUp, let before, unit?.active == "active" {
                // systemd restarts the active units that require a unit that it restarts.
                runsAgain[index] = true
                start(.follows(before), nil)
            } else if isWanted, !isUp {
                // After a run by hand that failed, or a process that was killed, the unit may be active nevertheless.
                runsAgain[index] = unit?.active == "active" && !isKeptOff[index]
                let job = runsAgain[index] ? Systemd.Job.restart(task.unitName) : .start(task.unitName)
                start(.state(statuses[index].state), job)
                // The timer of an active unit is active too.
                if task.interval != nil, runsAgain[index] { jobs.append(.restart(timerName(ofTask: task.name))) }
            } else if isWanted, let unit, unit.active != "active" {
                start(.unit(unit.active), .start(task.unitName))
            }
        }
        // The target starts the reports and timers too, and says whether all tasks have succeeded.
        if names.isEmpty { jobs.append(.start(targetName)) }
        (self.starts, self.jobs, self.masked) = (starts, jobs, masked)
    }

    /// Returns the difference between what a task used last and what it would use now, `nil` if there is none.
    private static func change(
        of task: PlannedTask,
        _ status: TaskStatus,
        _ records: RecordStore,
        _ reader: InputReader
    ) -> Reason? {
        guard var earlier = (try? records.record(of: task.name))?.inputs else { return .unrecorded }
        // A repetition after the recorded attempt has used newer files, or is using them. The unit and the timer are
        // still those of the attempt, so its declaration is compared.
        if let repetition = status.repetition?.state, repetition.isSuccess || repetition == .running,
            let files = (try? records.repetitions.record(of: task.name))?.inputs?.files
        {
            earlier.files = files
        }
        switch reader.inputs(of: task).change(since: earlier) {
        case .declaration: return .declaration
        case .file(let path): return .file(path)
        case nil: return nil
        }
    }
}

extension UpPlan.Start {
    var line: String { "\(task): \(reason.words)" }
}

extension UpPlan.Reason {
    var words: String {
        switch self {
        case .declaration: "runs again, because its declaration has changed"
        case .file(let path): "runs again, because '\(path)' has changed"
        case .unrecorded: "runs again, because it is not known what it used"
        case .state(.running): "is running"
        case .state(.notYet), .state(.waiting): "runs for the first time on this boot"
        case .state(.ended(.failed)): "runs again, because it failed"
        case .state(.ended(.skipped)): "runs, because a task that it runs after did not succeed before"
        case .state(.ended(let outcome)): "runs again, because it was \(outcome.rawValue)"
        case .state(.unknown): "runs again, because its record cannot be read"
        case .unit("activating"): "is starting"
        case .unit(let state): "runs again, because its unit is \(state)"
        case .follows(let task): "runs again, because it runs after '\(task)'"
        }
    }

    var name: String {
        switch self {
        case .declaration: "declaration"
        case .file: "file"
        case .unrecorded: "unrecorded"
        case .state: "state"
        case .unit: "unit"
        case .follows: "dependency"
        }
    }
}
