import Base
import Host
import Planning
import State

/// The failed units of tasks that have succeeded by hand since.
struct FailedUnits {
    let plan: Plan
    let records: RecordStore

    /// Resets and starts the failed units of tasks that have succeeded by hand, without repeating the work.
    ///
    /// A unit is left alone unless the units that it requires are active, because systemd would start these first.
    ///
    /// - Parameter tasks: The tasks, each after its dependencies.
    /// - Returns: A line about each unit that had failed.
    /// - Throws: ``Base/SystemError`` if systemd does not answer or refuses, or a record cannot be written.
    func start(of tasks: [PlannedTask]) async throws(SystemError) -> [String] {
        var lines: [String] = []
        for task in tasks {
            let dependencies = plan.steps.first { $0.task.name == task.name }?.dependencies ?? []
            let required = dependencies.map { plan.steps[$0].task.unitName }
            let services = try await Systemd.services([task.unitName] + required)
            guard let service = services[task.unitName], service.hasFailed, service.unit.load == "loaded",
                required.allSatisfy({ services[$0]?.unit.isActive == true })
            else { continue }
            try records.recordSuccessByHand(of: task.name)
            // After a start that systemd refused, a later start must run the task.
            defer { _ = try? records.consumeSuccessByHand(of: task.name) }
            let isActive = try await Systemd.startFailed(task.unitName)
            lines.append("unit '\(task.unitName)' had failed and is \(isActive ? "active now" : "not active")")
        }
        return lines
    }
}
