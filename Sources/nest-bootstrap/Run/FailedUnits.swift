import Base
import Host
import Planning
import State

/// Starts failed units whose tasks have since succeeded in a run by hand.
struct FailedUnits {
    let plan: Plan
    let records: RecordStore

    /// Resets and starts the unit of a task if it had failed, without repeating the work.
    ///
    /// The unit is left alone unless the units that it requires are active, because systemd would start these first.
    ///
    /// - Parameter task: The task, which has succeeded by hand.
    /// - Returns: A line about the unit, `nil` if it is left alone.
    /// - Throws: ``Base/SystemError`` if systemd does not answer or refuses, or a record cannot be written.
    func start(of task: PlannedTask) async throws(SystemError) -> String? {
        let dependencies = plan.steps.first { $0.task.name == task.name }?.dependencies ?? []
        let required = dependencies.map { plan.steps[$0].task.unitName }
        let services = try await Systemd.services([task.unitName] + required)
        guard let service = services[task.unitName], service.hasFailed, service.unit.load == "loaded",
            required.allSatisfy({ services[$0]?.unit.isActive == true })
        else { return nil }
        try records.recordSuccessByHand(of: task.name)
        // After a start that systemd refused, a later start must run the task.
        defer { _ = try? records.consumeSuccessByHand(of: task.name) }
        let isActive = try await Systemd.startFailed(task.unitName)
        return "unit '\(task.unitName)' had failed and is \(isActive ? "active now" : "not active")"
    }
}
