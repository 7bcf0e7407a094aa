import Base
import Host
import Planning
import Reporting

/// The states of tasks at one moment.
struct StatusFindings {
    /// The states of the shown tasks in the order of the plan.
    var statuses: [TaskStatus]

    /// Whether a shown task, or one that it depends on, has failed permanently.
    var isPermanent: Bool

    /// The tasks whose masked units keep shown tasks from succeeding.
    var masked: [String]

    /// Whether systemd has a job for the target of all tasks, and the target has not failed.
    var isTargetPending = false

    /// The reason why the states from systemd are missing or incomplete, `nil` if there is none.
    var error: (any Error)?

    var exitCode: ExitCode {
        if isPermanent { return .failure }
        let repetitions = statuses.compactMap(\.repetition).filter(\.hasFailed)
        return ExitCode(statuses.map(\.state) + repetitions.map(\.state))
    }

    /// Whether systemd is known to have nothing left to do for the tasks before the next retry or repetition.
    var isSettled: Bool {
        error == nil && !isTargetPending
            && statuses.allSatisfy { status in
                guard let service = status.service else { return false }
                return !service.hasJob && ["active", "inactive", "failed"].contains(service.unit.active)
            }
    }
}

/// A survey of the states of this node's tasks on this boot, from the records and from systemd.
struct StatusSurvey {
    let configuration: Configuration
    let records: RecordStore

    /// The usual pause between surveys, which are repeated because some changes cause no event.
    static let interval = Duration.milliseconds(500)

    /// Determines the states of the tasks of a plan.
    ///
    /// If systemd does not answer, its states are missing or incomplete, and ``StatusFindings/error`` is set.
    func findings(of shown: Plan) async -> StatusFindings {
        let (services, timers, error) = await services()
        let retryAt = records.health().retryAt
        let shown = Set(shown.steps.map(\.task.name))
        let all = configuration.plan.steps
        // Shown tasks may wait for tasks that are not shown.
        let known = records.statuses(of: all.map(\.task.name))
        var isBlocked = Array(repeating: false, count: all.count)
        var isPermanent = isBlocked
        let masks = tasksMasked(
            in: all.map(\.dependencies),
            masked: all.map { services[$0.task.unitName]?.unit.load == "masked" },
            underWay: known.map { $0.state.isSuccess || $0.state == .running }
        )
        var statuses: [TaskStatus] = []
        for (index, step) in all.enumerated() {
            var status = known[index]
            status.description = step.task.description
            let missing = step.dependencies.filter { !known[$0].state.isSuccess }
            isBlocked[index] = missing.contains { dependency in
                isBlocked[dependency] || !masks[dependency].isEmpty || known[dependency].state == .ended(.failed)
            }
            if let service = services[step.task.unitName] {
                let names = missing.map { all[$0].task.name }
                status.add(service, waitingFor: names, isBlocked: isBlocked[index])
                status.repeatsIn = timers[timerName(ofTask: step.task.name)]
                if service.hasFailed, !status.state.isSuccess, let retryAt {
                    status.retriesIn = .seconds(max(0, retryAt.seconds - Timestamp.now().seconds))
                }
            }
            isPermanent[index] =
                status.state == .ended(.failed) && status.isPermanent || step.dependencies.contains { isPermanent[$0] }
            if shown.contains(step.task.name) { statuses.append(status) }
        }
        let isShown = all.indices.filter { shown.contains(all[$0].task.name) }
        let masked = isShown.reduce(into: Set<Int>()) { $0.formUnion(masks[$1]) }.sorted()
        let target = services[targetName]
        return StatusFindings(
            statuses: statuses,
            isPermanent: isShown.contains { isPermanent[$0] },
            masked: masked.map { all[$0].task.name },
            isTargetPending: target?.hasJob == true && target?.unit.active != "failed",
            error: error
        )
    }

    /// Returns the states of the tasks' services and of the target, and the times until the tasks' timers elapse.
    ///
    /// If systemd does not answer, they may be incomplete, and the error is returned. Without systemd, there are none.
    private func services() async -> ([String: ServiceState], [String: Duration], (any Error)?) {
        guard configuration.options.root == nil, Systemd.isRunning else { return ([:], [:], nil) }
        let plan = configuration.plan
        var services: [String: ServiceState] = [:]
        do {
            services = try await Systemd.services(plan.steps.map(\.task.unitName) + [targetName])
            return (services, try await Systemd.timers(plan.timerNames), nil)
        } catch {
            return (services, [:], error)
        }
    }
}

/// Finds, for each task, the indices of the tasks whose masked units keep it from succeeding.
///
/// A task comes after its dependencies. The set is empty for a task under way, which has succeeded or is running.
func tasksMasked(in dependencies: [[Int]], masked: [Bool], underWay: [Bool]) -> [Set<Int>] {
    var causes: [Set<Int>] = []
    for (index, dependencies) in dependencies.enumerated() {
        let own: Set<Int> = masked[index] ? [index] : []
        causes.append(underWay[index] ? [] : dependencies.reduce(into: own) { $0.formUnion(causes[$1]) })
    }
    return causes
}
