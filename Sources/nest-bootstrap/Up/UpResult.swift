import Base
import Execution
import Host
import Planning
import Reporting
import State
import YAML

/// The result of the tasks that `up` has started.
struct UpResult {
    var statuses: [TaskStatus] = []
    /// The tasks whose masked units keep others from running.
    var masked: [String] = []
    /// The failed tasks that kept a task from running, by the name of that task.
    var blockers: [String: [String]] = [:]

    /// Creates the result of no task.
    init() {}

    /// Creates the result of the tasks that were started.
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

    /// The tasks that have succeeded in their units.
    ///
    /// If a task fails that others run after, systemd stops the units of these; the earlier success remains recorded.
    private var succeeded: [TaskStatus] {
        statuses.filter { $0.state.isSuccess && ($0.service.map { $0.unit.active == "active" } ?? true) }
    }

    /// The tasks that have neither succeeded nor failed, because of another task.
    private var remaining: [TaskStatus] {
        let succeeded = Set(succeeded.map(\.task))
        return statuses.filter { !succeeded.contains($0.task) && $0.state != .ended(.failed) }
    }

    var exitCode: ExitCode {
        if succeeded.count == statuses.count, masked.isEmpty { return .success }
        return failed.contains(where: \.isPermanent) || !masked.isEmpty ? .failure : .notYet
    }

    /// The result in words, with what to do next.
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
