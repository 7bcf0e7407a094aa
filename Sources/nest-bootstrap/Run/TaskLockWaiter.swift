import Base
import Execution
import Glibc
import Host
import State

/// Waits for the lock of a task, which prevents two processes from running the task at the same time.
struct TaskLockWaiter {
    let records: RecordStore
    let context: StepContext

    /// The pause between two checks whether the process that held the lock has ended, and another process has taken it.
    private static let interval = Duration.seconds(2)

    /// The longest time between two look-ups of the holder, because a holder may release the lock but continue to run.
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
        // The reports end with this function, because a later report would name this process as the holder.
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
            // Look-ups of the holder are rare, because each reads all locks of the machine, and many tasks may wait.
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
