import Actions
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
    func run(_ outlet: Outlet, _ surroundings: Surroundings) throws -> ExitCode {
        let plan = names.isEmpty ? configuration.plan : try configuration.plan.selecting(names, at: .nowhere)
        let records = try configuration.records()
        let now = Timestamp.now()
        let rows = try plan.steps.map { step in
            // Who runs a task now is about to write another record.
            guard records.runner(of: step.task.name) == nil else {
                return StatusRow(task: step.task.name, description: step.task.description, state: "running")
            }
            return row(step.task, try records.record(of: step.task.name), now)
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

    private func row(_ task: TaskDeclaration, _ record: TaskRecord?, _ now: Timestamp) -> StatusRow {
        var row = StatusRow(task: task.name, description: task.description, state: "not yet")
        guard let record else { return row }
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
