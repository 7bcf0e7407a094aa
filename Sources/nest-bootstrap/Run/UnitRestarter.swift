import Base
import Host
import Planning

/// Restarts the units that use the changes of a task.
struct UnitRestarter {
    let task: PlannedTask

    /// Whether an earlier restart failed, which may have left a unit in a failed state.
    let isRetry: Bool

    /// Restarts all units that are active and, in a retry, units that have failed.
    ///
    /// - Parameters:
    ///   - deadline: The instant at which to stop waiting for the units.
    ///   - report: Called with each unit before its restart, which only an active unit needs.
    /// - Returns: The units that were restarted.
    /// - Throws: ``Base/Problem`` about the first unit that could not be restarted, after all units have been tried;
    ///   `CancellationError` if the task is cancelled.
    @discardableResult
    func restartAll(
        until deadline: ContinuousClock.Instant,
        _ report: (String) -> Void = { _ in },
    ) async throws -> [String] {
        var restarted: [String] = []
        var failure: Problem?
        for unit in task.restarts {
            report(unit)
            do throws(SystemError) {
                if try await Systemd.restart(unit, from: own, startsFailed: isRetry, deadline: deadline) {
                    restarted.append(unit)
                }
            } catch {
                try Task.checkCancellation()
                let problem = Problem(
                    .unitNotRestarted,
                    "\(error)",
                    hint: error.advice ?? "see 'journalctl -u \(unit)'"
                )
                failure = failure ?? problem
            }
        }
        if let failure { throw failure }
        return restarted
    }

    /// The units that may be starting while the task runs: the task's unit, its repetition unit and the boot target.
    private var own: [String] { [task.unitName, repetitionUnitName(ofTask: task.name), "k8s-bootstrap.target"] }
}
