import Base
import Host
import Planning
import Reporting

/// The tasks that `up` starts, and the reason for each.
struct UpPlan {
    struct Reason: Sendable, Hashable {
        /// The kind of reason in the output for programs.
        let name: String
        /// The predicate of a sentence about the task.
        let words: String
        var file: String?
        var dependency: String?

        /// The declaration has changed since the recorded run.
        static let declaration = Self(name: "declaration", words: "runs again, because its declaration has changed")

        /// No record of the task's inputs exists or can be read.
        static let unrecorded = Self(name: "unrecorded", words: "runs again, because it is not known what it used")

        /// A file that the task reads, or the set of its manifests, has changed since the recorded run or repetition.
        static func file(_ path: String) -> Self {
            Self(name: "file", words: "runs again, because '\(path)' has changed", file: path)
        }

        /// The task depends on the given task, which runs again.
        static func follows(_ task: String) -> Self {
            Self(name: "dependency", words: "runs again, because it runs after '\(task)'", dependency: task)
        }

        /// The unit is in the given state and not active, although the task has succeeded.
        static func unit(_ state: String) -> Self {
            let isStarting = state == "activating"
            return Self(name: "unit", words: isStarting ? "is starting" : "runs again, because its unit is \(state)")
        }

        /// The task has no recorded success on this boot.
        static func state(_ state: TaskState) -> Self {
            let words =
                switch state {
                case .running: "is running"
                case .notYet, .waiting: "runs for the first time on this boot"
                case .ended(.failed): "runs again, because it failed"
                case .ended(.skipped): "runs, because a task that it runs after did not succeed before"
                case .ended(let outcome): "runs again, because it was \(outcome.rawValue)"
                case .unknown: "runs again, because its record cannot be read"
                }
            return Self(name: "state", words: words)
        }
    }

    struct Start: Sendable, Hashable {
        let task: String
        let reason: Reason

        var line: String { "\(task): \(reason.words)" }
    }

    /// The tasks that are to run, in the order of the plan.
    let starts: [Start]

    let jobs: [Systemd.Job]

    /// The tasks of ``starts`` with masked units, which systemd refuses to start.
    let masked: [String]

    /// Compares the task files with the records of this boot and with the loaded units.
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
            // systemd refuses to start a masked unit, and a unit that has to start a masked unit first.
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
                start(change, (.restart, task.unitName))
                // An active timer keeps the interval with which it was started.
                if task.interval != nil, !isKeptOff[index] { jobs.append((.restart, timerName(ofTask: task.name))) }
            } else if isUp, let before, unit?.active == "active" {
                // When systemd restarts a unit, it also restarts the active units that require it.
                runsAgain[index] = true
                start(.follows(before), nil)
            } else if isWanted, !isUp {
                // The unit may still be active although a later run by hand has failed or was killed.
                runsAgain[index] = unit?.active == "active" && !isKeptOff[index]
                let job: Systemd.Job = (runsAgain[index] ? .restart : .start, task.unitName)
                start(.state(statuses[index].state), job)
                if task.interval != nil, runsAgain[index] { jobs.append((.restart, timerName(ofTask: task.name))) }
            } else if isWanted, let unit, unit.active != "active" {
                start(.unit(unit.active), (.start, task.unitName))
            }
        }
        // The target also starts timers and reports, and is active when all tasks have succeeded.
        if names.isEmpty { jobs.append((.start, targetName)) }
        (self.starts, self.jobs, self.masked) = (starts, jobs, masked)
    }

    /// Returns the reason why the inputs of the recorded run are outdated or unknown, or `nil` if they are current.
    private static func change(
        of task: PlannedTask,
        _ status: TaskStatus,
        _ records: RecordStore,
        _ reader: InputReader
    ) -> Reason? {
        guard var earlier = (try? records.record(of: task.name))?.inputs else { return .unrecorded }
        // The files of a later repetition count, but not its declaration, which may be newer than the loaded unit.
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

/// The result of the tasks that `up` has started.
struct UpResult {
    var statuses: [TaskStatus] = []
    /// The tasks that do not run because their units are masked.
    var masked: [String] = []
    /// The failed tasks that keep a task from running, by the name of the task.
    var blockers: [String: [String]] = [:]

    /// Creates the result of an `up` that had nothing to start.
    init() {}

    init(of plan: UpPlan, _ findings: StatusFindings, since start: Duration, _ node: Plan) {
        statuses = findings.statuses.map { $0.withoutFailure(before: start) }
        let failed = Set(statuses.filter { $0.state == .ended(.failed) }.map(\.task))
        for step in node.steps {
            let dependencies = step.dependencies.map { node.steps[$0].task.name }
            blockers[step.task.name] = dependencies.flatMap { failed.contains($0) ? [$0] : blockers[$0] ?? [] }.unique()
        }
        masked = (plan.masked + findings.masked).unique()
    }

    private var failed: [TaskStatus] { statuses.filter { $0.state == .ended(.failed) } }

    /// The tasks that have succeeded, without those whose units are known not to be active.
    ///
    /// When a task fails, systemd stops the units of its dependants, whose earlier success remains recorded.
    private var succeeded: [TaskStatus] {
        statuses.filter { $0.state.isSuccess && ($0.service.map { $0.unit.active == "active" } ?? true) }
    }

    private var remaining: [TaskStatus] {
        let succeeded = Set(succeeded.map(\.task))
        return statuses.filter { !succeeded.contains($0.task) && $0.state != .ended(.failed) }
    }

    var exitCode: ExitCode {
        if succeeded.count == statuses.count, masked.isEmpty { return .success }
        return failed.contains(where: \.isPermanent) || !masked.isEmpty ? .failure : .notYet
    }

    /// The human-readable result, with the next steps.
    var lines: [String] {
        let count = "\(statuses.count) task\(statuses.count == 1 ? "" : "s")"
        guard exitCode != .success else { return ["\(count) started: all succeeded"] }
        var lines: [String] = []
        for task in masked {
            lines.append("task '\(task)' does not run, because its unit '\(unitName(ofTask: task))' is masked")
        }
        let permanent = failed.filter(\.isPermanent)
        let retried = failed.filter { !$0.isPermanent }
        if !permanent.isEmpty {
            lines.append("\(Self.names(permanent)) failed: correct the cause, then run 'nest-bootstrap up'")
        }
        if !retried.isEmpty {
            let time = retried.compactMap(\.retriesIn).min().map { " in \($0.clockText)" } ?? ""
            let it = retried.count == 1 ? "it is" : "they are"
            let call = quotedShellLine(["nest-bootstrap", "logs"] + retried.map(\.task))
            lines.append(
                "\(Self.names(retried)) failed, and \(it) retried\(time): see \(call), and run 'nest-bootstrap up' after a "
                    + "correction"
            )
        }
        for status in remaining {
            let causes = blockers[status.task] ?? []
            let reason = causes.isEmpty ? ": see 'nest-bootstrap status'" : ", because \(quotedList(causes)) failed"
            lines.append("\(Self.names([status])) did not run\(reason)")
        }
        return lines
    }

    private static func names(_ statuses: [TaskStatus]) -> String {
        "\(statuses.count == 1 ? "task" : "tasks") \(quotedList(statuses.map(\.task)))"
    }

    var json: String {
        func names(_ statuses: [TaskStatus]) -> Node { .strings(statuses.map(\.task)) }
        let word = exitCode == .success ? "succeeded" : exitCode == .failure ? "failed" : "retried"
        return Node.output([
            ("result", .string(word)), ("succeeded", names(succeeded)), ("failed", names(failed)),
            ("notRun", names(remaining)), ("masked", .strings(masked)),
        ])
    }
}
