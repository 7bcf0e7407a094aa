import Actions
import Host
import PKI
import Planning
import Speaking
import YAML

/// Command `status`: what every task of this node came to on this boot.
struct StatusCommand {
    let configuration: Configuration
    let names: [String]

    /// Tells the state of the tasks, and returns whether all succeeded.
    ///
    /// - Throws: ``YAML/Diagnostics`` for names that mean nothing, ``Host/SystemError`` if the records cannot be read.
    func run(_ outlet: Outlet, _ surroundings: Surroundings) async throws -> ExitCode {
        let plan = names.isEmpty ? configuration.plan : try configuration.plan.selecting(names, at: .nowhere)
        let records = try configuration.records()
        let now = Timestamp.now()
        let services = await services(plan, outlet)
        var rows = plan.steps.map { row($0.task, records, now) }
        let isDone = Set(configuration.plan.steps.map(\.task.name).filter { (try? records.hasSucceeded($0)) == true })
        for (index, step) in plan.steps.enumerated() {
            guard let service = services[step.task.unitName] else { continue }
            let dependencies = configuration.plan.dependencies(of: step.task.name)
            rows[index].join(service, awaiting: dependencies.filter { !isDone.contains($0) })
        }
        switch configuration.options.output {
        case .json:
            outlet.write(statusJSON(rows) + "\n")
        case .text:
            let lines = statusLines(rows, columns: surroundings.columns, isColoured: surroundings.isColoured)
            outlet.write(lines.map { $0 + "\n" }.joined())
        }
        let states = rows.map(\.state)
        if states.contains("failed") { return .failure }
        return states.allSatisfy { $0 == "changed" || $0 == "unchanged" } ? .success : .incomplete
    }

    /// What systemd says of the tasks' services, if it runs here.
    ///
    /// The records are worth telling without it.
    private func services(_ plan: Plan, _ outlet: Outlet) async -> [String: ServiceState] {
        guard configuration.options.root == nil, Systemd.isRunning else { return [:] }
        do {
            return try await Systemd.services(plan.steps.map(\.task.unitName))
        } catch {
            if configuration.options.output == .text { outlet.tell(error) }
            return [:]
        }
    }

    private func row(_ task: TaskDeclaration, _ records: RecordStore, _ now: Timestamp) -> StatusRow {
        var row = StatusRow(task: task.name, description: task.description, state: "not yet")
        // Who runs a task now is about to write another record.
        guard records.runner(of: task.name) == nil else {
            row.state = "running"
            return row
        }
        let found: TaskRecord?
        do throws(SystemError) {
            found = try records.record(of: task.name)
        } catch {
            // The other tasks are worth telling all the same.
            row.state = "unknown"
            row.reason = "\(error)"
            return row
        }
        guard let record = found else { return row }
        row.state = record.outcome
        row.age = .seconds(max(0, now.seconds - record.finishedAt.seconds))
        row.duration = .microseconds(record.durationMicroseconds)
        row.objects = ObjectCounts(
            created: record.counts.created,
            configured: record.counts.changed,
            unchanged: record.counts.unchanged,
            failed: record.counts.failed,
        )
        row.reason = record.isSuccess ? nil : record.reason
        return row
    }
}
