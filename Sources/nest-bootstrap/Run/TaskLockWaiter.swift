import Base
import Execution
import Glibc
import Host
import State

/// Waits for a task's lock: no two processes run the same task at the same time.
struct TaskLockWaiter {
    let records: RecordStore
    let context: StepContext

    /// The time between two checks whether the lock's holder has ended: another waiter may have the lock then.
    private static let interval = Duration.seconds(2)

    /// The longest time between two look-ups of the holder, which may go on with other tasks.
    private static let longestInterval = Duration.seconds(30)

    /// Takes the task's lock, waiting while another process has it.
    func take() async throws -> FileLock {
        do {
            if let lock = try records.lock(context.task) { return lock }
        } catch {
            throw unwritable("the task's record", error)
        }
        let runner = records.runner(of: context.task)
        report(runner)
        // Ends with this function: a later report would be about this process.
        async let _: Void = reportRunners(after: runner)
        do {
            if let lock = try await records.awaitLock(context.task, until: context.deadline) { return lock }
        } catch {
            throw unwritable("the task's record", error)
        }
        try Task.checkCancellation()
        throw DeadlineExceeded(timeout: context.timeout, lastWaiting: context.lastWaiting)
    }

    private func reportRunners(after first: Int32?) async {
        var known = first
        var nextLookup = ContinuousClock.now + Self.longestInterval
        while (try? await ContinuousClock().sleep(for: Self.interval)) != nil {
            // Every look-up of the holder reads all locks of the machine, and many tasks may wait.
            if let known, .now < nextLookup, kill(known, 0) == 0 || errno == EPERM { continue }
            nextLookup = .now + Self.longestInterval
            guard let runner = records.runner(of: context.task), runner != getpid() else { continue }
            known = runner
            report(runner)
        }
    }

    private func report(_ runner: Int32?) {
        let reason = runner.map { "process \($0) runs it" }
        context.emit(.waiting(Wait(.init(.lock, "another run of this task"), reason: reason)))
    }
}
