import Base
import Glibc
import Host
import Planning

/// Restarts the units that use the changes of a task.
struct UnitRestarter {
    let task: PlannedTask

    /// The plan of the node, whose tasks may yet install the units.
    let plan: Plan

    /// Whether an earlier restart failed, which may have left a unit in a failed state.
    let isRetry: Bool

    /// Restarts all units that are active and, in a retry, units that have failed.
    ///
    /// - Parameters:
    ///   - deadline: The instant at which to stop waiting for the units.
    ///   - begin: Called with each unit before it is looked at; only an active unit is restarted.
    /// - Throws: ``Base/Problem`` about the first unit that could not be restarted, after all units have been tried;
    ///   `CancellationError` if the task is cancelled.
    func restartAll(
        until deadline: ContinuousClock.Instant,
        begin: (String) -> Void,
    ) async throws {
        var failure: Problem?
        for unit in task.restarts {
            begin(unit)
            do throws(SystemError) {
                _ = try await Systemd.restart(unit, from: own, startsFailed: isRetry, deadline: deadline)
            } catch {
                try Task.checkCancellation()
                // A unit that another task has yet to install cannot run with the former file.
                if error.code == ENOENT, plan.task(writingUnit: unit) != nil { continue }
                let problem = Problem(
                    "\(error)",
                    hint: error.advice ?? "see 'journalctl -u \(unit)'"
                )
                failure = failure ?? problem
            }
        }
        if let failure { throw failure }
    }

    /// The units that may be starting while the task runs: the task's unit, its repetition unit and the boot target.
    private var own: [String] { [task.unitName, repetitionUnitName(ofTask: task.name), "k8s-bootstrap.target"] }
}
