import Actions
import Base
import Execution
import Host
import Planning
import Reporting
import State
import YAML

/// Command `status`: the state of this node's tasks on this boot.
struct StatusCommand {
    let configuration: Configuration
    let names: [String]
    let options: StatusOptions

    /// The time between two looks while it waits.
    ///
    /// Records, locks and units change, and there is no event for all of them.
    private static let interval = Duration.milliseconds(500)

    /// Prints the states of the tasks, and returns whether all have succeeded.
    ///
    /// - Throws: ``Base/Problems`` for unknown names, ``Base/SystemError`` if the boot cannot be identified.
    func run(_ output: ConsoleOutput, _ outputEnvironment: OutputEnvironment) async throws -> ExitCode {
        let plan = names.isEmpty ? configuration.plan : try configuration.plan.selecting(names)
        let records = try configuration.records()
        let start = ContinuousClock.now
        while true {
            let look = await look(plan, records)
            let (statuses, isPermanent) = (look.statuses, look.isPermanent)
            let isOver = options.waitLimit.map { .now - start >= $0 } ?? false
            if options.isWaiting, !isPermanent, look.masked.isEmpty, !isOver, !statuses.allSatisfy(\.state.isSuccess) {
                let rest = options.waitLimit.map { $0 - (.now - start) } ?? Self.interval
                try await ContinuousClock().sleep(for: min(Self.interval, max(rest, .zero)))
                continue
            }
            if configuration.options.output == .text {
                if let error = look.error { output.report(error) }
                if options.isWaiting { output.report(look.masked.map(Self.maskedProblem), .programFailed) }
            }
            print(statuses, of: plan, output, outputEnvironment)
            // A wait is for the node to be ready, and a repetition that has failed since says nothing about that.
            let repetitions = options.isWaiting ? [] : statuses.compactMap(\.repetition).filter(\.hasFailed)
            let code = ExitCode(statuses.map(\.state) + repetitions.map(\.state))
            // A failure that is retried has only run out of time.
            return options.isWaiting && code == .failure && !isPermanent
                ? .incomplete
                : isPermanent ? .failure : code
        }
    }

    /// Why waiting for a task is of no use.
    private static func maskedProblem(_ task: String) -> Problem {
        let unit = unitName(ofTask: task)
        let isUntilReboot = (try? FileSystem.status("/run/systemd/system/\(unit)"))?.kind == .symbolicLink
        let hint = "run 'systemctl unmask \(isUntilReboot ? "--runtime " : "")\(unit)'"
        return Problem("task '\(task)' does not run: its unit is masked", hint: hint)
    }

    private func print(
        _ statuses: [TaskStatus],
        of plan: Plan,
        _ output: ConsoleOutput,
        _ outputEnvironment: OutputEnvironment
    ) {
        let warnings = CredentialWarnings(files: configuration.files, plan: plan).all() + missingReport()
        let certificates = configuration.certificates(of: plan)
        let address = configuration.addressChoice
        switch configuration.options.output {
        case .json:
            let text = statusJSON(statuses, certificates: certificates, warnings: warnings, address: address)
            output.writeData(text + "\n")
        case .text:
            let (columns, isColoured) = (outputEnvironment.columns, outputEnvironment.isColoured)
            let isUTF8 = outputEnvironment.isUTF8
            let lines =
                statusLines(statuses, columns: columns, isColoured: isColoured, isUTF8: isUTF8)
                + (address.map { addressLines($0, columns: columns) } ?? [])
                + certificateLines(certificates, at: .now(), isUTF8: isUTF8)
                + warningLines(warnings, columns: columns)
            output.write(lines.map { $0 + "\n" }.joined())
        }
    }

    /// Why the cluster does not have the state of this node, once that has lasted long enough for a warning.
    private func missingReport() -> [Problem] {
        guard configuration.report != nil, let problem = (try? configuration.records())?.reportState().problem,
            problem.printed != nil
        else { return [] }
        return [Problem("since \(problem.since): \(problem.text)")]
    }

    /// What is known at one moment.
    private struct Look {
        /// The states of the tasks that are shown.
        var statuses: [TaskStatus]
        /// Whether one of them or of those that it runs after has failed permanently.
        var isPermanent: Bool
        /// The tasks that do not succeed, nor let others succeed, because their units are masked.
        var masked: [String]
        /// The error of systemd if it does not answer.
        var error: (any Error)?
    }

    /// Determines the states of the tasks of a plan.
    private func look(_ plan: Plan, _ records: RecordStore) async -> Look {
        let (services, timers, error) = await services()
        let retryAt = records.health().retryAt
        let shown = Set(plan.steps.map(\.task.name))
        let all = configuration.plan.steps
        // Also the tasks that are not shown: those shown may be waiting for them.
        let known = records.statuses(of: all.map(\.task.name))
        var isBlocked = Array(repeating: false, count: all.count)
        var isPermanent = isBlocked
        var statuses: [TaskStatus] = []
        for (index, step) in all.enumerated() {
            var status = known[index]
            status.description = step.task.description
            let missing = step.dependencies.filter { !known[$0].state.isSuccess }
            isBlocked[index] = missing.contains { dependency in
                let isMasked = services[all[dependency].task.unitName]?.unit.load == "masked"
                return isBlocked[dependency] || isMasked || known[dependency].state == .ended(.failed)
            }
            if let service = services[step.task.unitName] {
                let names = missing.map { all[$0].task.name }
                status.add(service, waitingFor: names, isBlocked: isBlocked[index])
                status.repeatsIn = timers[timerName(ofTask: step.task.name)]
                if service.hasFailed, !status.isPermanent, let retryAt {
                    status.retriesIn = .seconds(max(0, retryAt.seconds - Timestamp.now().seconds))
                }
            }
            isPermanent[index] =
                status.state == .ended(.failed) && status.isPermanent || step.dependencies.contains { isPermanent[$0] }
            if shown.contains(step.task.name) { statuses.append(status) }
        }
        let hasPermanent = all.indices.contains { isPermanent[$0] && shown.contains(all[$0].task.name) }
        let tasks = all.indices.map { index in
            let state = known[index].state
            return MaskableTask(
                name: all[index].task.name,
                dependencies: all[index].dependencies,
                isUnderWay: state.isSuccess || state == .running,
                isMasked: services[all[index].task.unitName]?.unit.load == "masked",
            )
        }
        let masked = tasksMasked(in: tasks, keeping: shown)
        return Look(statuses: statuses, isPermanent: hasPermanent, masked: masked, error: error)
    }

    /// The states of the tasks' services and the times until their timers elapse, if systemd runs here.
    ///
    /// If it does not answer, what is known without it is shown.
    private func services() async -> ([String: ServiceState], [String: Duration], (any Error)?) {
        guard configuration.options.root == nil, Systemd.isRunning else { return ([:], [:], nil) }
        let plan = configuration.plan
        var services: [String: ServiceState] = [:]
        do {
            services = try await Systemd.services(plan.steps.map(\.task.unitName))
            return (services, try await Systemd.timers(plan.timerNames), nil)
        } catch {
            return (services, [:], error)
        }
    }
}
