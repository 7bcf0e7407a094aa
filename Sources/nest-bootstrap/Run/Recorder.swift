import Base
import Host
import Planning
import Reporting

/// A writer of the task records of a run.
///
/// If a task is not started again, the record of its success stays, because the success still counts on this boot.
final class Recorder: Sendable {
    private let records: RecordStore
    private let run: String
    /// Whether a task's unit, rather than a user, started the run.
    private let isOfUnit: Bool
    private let plan: Plan
    private let warn: @Sendable (Event) -> Void
    private let attempts = Locked<[String: Attempt]>([:])

    /// Whether the record of the end of a started task, which its dependants need, could not be written.
    var hasLostRecords: Bool { lost.withLock { $0 } }

    private let lost = Locked(false)

    /// The maximum number of reasons that are recorded for a failure; further reasons are only counted.
    private static let reasonLimit = 10

    private static func limited(_ reasons: [String]) -> [String] {
        let rest = reasons.count - reasonLimit
        return rest > 0 ? reasons.prefix(reasonLimit) + ["and \(rest) more"] : reasons
    }

    private final class Attempt: Sendable {
        let state: Locked<State>

        init(_ progress: TaskProgress) { state = Locked(State(progress: progress)) }

        struct State {
            var progress: TaskProgress
            var waits = WaitRecorder()
            /// The uptime of the last event of the task.
            var lastActivity = Duration.zero
            /// The record of the attempt, `nil` until the start of the task is recorded.
            var record: TaskRecord?
            /// The lock of the task, held until the record of its end is written.
            var lock: HeldLock?
            /// The record before the attempt, if it was a success.
            var success: TaskRecord?
            var reasons: [String] = []
            var publicReasons: [String] = []
            var isPermanent = false
            /// Whether the start could not be recorded.
            var isUnrecorded = false
        }
    }

    init(
        _ records: RecordStore,
        run: String,
        isOfUnit: Bool,
        plan: Plan,
        warn: @escaping @Sendable (Event) -> Void,
    ) {
        self.records = records
        self.run = run
        self.isOfUnit = isOfUnit
        self.warn = warn
        self.plan = plan
    }

    /// Records the start of a task, holds the lock until ``conclude(_:)``, and returns the number of the attempt.
    ///
    /// - Throws: ``Base/Problem`` if the start cannot be recorded. The task must not run then, because its success
    ///   could not be recorded either.
    func begin(_ task: String, using inputs: TaskInputs, _ lock: consuming FileLock) throws(Problem) -> Int {
        let earlier = try? records.record(of: task)
        let lock = HeldLock(lock)
        let attempt = attempt(of: task)
        return try attempt.state.withLock { state throws(Problem) in
            var record = TaskRecord(task: task, run: run)
            record.attempt = records.nextAttempt(of: task)
            record.history = TaskHistory(after: earlier, isOfUnit: isOfUnit)
            record.inputs = inputs
            // No event reports the end of a wait for the lock.
            state.progress.endWaits()
            _ = state.waits.apply(nil, at: Self.now, notBefore: .zero)
            record.waits = state.waits.waits
            do throws(SystemError) {
                try records.write(record)
            } catch {
                state.isUnrecorded = true
                throw unwritable("the record of the task", error)
            }
            (state.record, state.lock) = (record, lock)
            state.success = earlier.flatMap { $0.isSuccess ? $0 : nil }
            return record.attempt
        }
    }

    private func task(_ name: String) -> PlannedTask? { plan.position(of: name).map { plan.steps[$0].task } }
    private func restartsUnits(_ name: String) -> Bool { task(name)?.restarts.isEmpty == false }

    private func attempt(of task: String) -> Attempt {
        attempts.withLock { attempts in
            if let known = attempts[task] { return known }
            let verb = self.task(task)?.verb.name ?? ""
            let attempt = Attempt(TaskProgress(task, verb: verb, start: Self.now))
            attempts[task] = attempt
            return attempt
        }
    }

    private static var now: Duration { .milliseconds(Timestamp.uptimeMilliseconds()) }

    /// If a task has changed something, records that its units must be restarted; returns the pending restart, if any.
    func noteResult(_ outcome: Outcome, of task: String) -> TaskHistory.Restart? {
        attempt(of: task).state.withLock { state in
            if case .changed = outcome, restartsUnits(task) { state.record?.history.noteChange() }
            return state.record?.history.restart
        }
    }

    func noteRestart(of task: String, hasFailed: Bool) {
        attempt(of: task).state.withLock { $0.record?.history.restart = hasFailed ? .failed : nil }
    }

    /// Updates the progress of a task with an event, and records waits, failures and the holder of the Lease.
    func receive(_ event: Event) {
        guard let task = event.task else { return }
        if case .taskFinished = event.kind { return }
        attempt(of: task).state.withLock { state in
            let now = Self.now
            state.progress.apply(event.kind, at: now)
            switch event.kind {
            case .objectFailed(let object):
                state.reasons += object.printed.flatMap(problems).flatMap { problem in
                    problem.description.split(separator: "\n").map(String.init)
                }
                state.publicReasons += object.printed.map(publicChain)
                state.isPermanent = state.isPermanent || object.isPermanent
            case .lease(let holder):
                state.record?.lease = holder
                if let record = state.record { write(record) }
            default: break
            }
            let hasNewWaits = state.waits.apply(state.progress.waits.last?.wait, at: now, notBefore: state.lastActivity)
            state.lastActivity = now
            guard hasNewWaits, state.record != nil else { return }
            state.record?.waits = state.waits.waits
            if let record = state.record { write(record) }
        }
    }

    /// Completes or restores the record of a task, and releases its lock.
    func conclude(_ entry: Report.Entry) {
        let attempt = attempts.withLock { $0.removeValue(forKey: entry.task) }
        guard var state = attempt?.state.withLock({ $0 }) else { return recordNotStarted(entry) }
        if state.isUnrecorded { return }
        guard var record = state.record else { return recordNotStarted(entry) }
        // No process may find the task unlocked before its record is written.
        defer { withExtendedLifetime(state.lock) {} }
        if case .failed(let error) = entry.outcome {
            // An error without problems stands for problems that events have already reported.
            if !problems(of: error).isEmpty {
                state.reasons.insert(chain(error), at: 0)
                state.publicReasons.insert(publicChain(error), at: 0)
            }
            record.isPermanent = state.isPermanent || Base.isPermanent(error)
        }
        if let success = state.success, isUntouched(state, entry) { return writeEnd(success) }
        _ = state.waits.apply(nil, at: Self.now, notBefore: .zero)
        record.end(entry)
        record.waits = state.waits.waits
        record.counts = state.progress.counts
        (record.reasons, record.publicReasons) = (Self.limited(state.reasons), Self.limited(state.publicReasons))
        // The next attempt will find no difference, but has to restart the units because of this change.
        if state.progress.hasChanged, restartsUnits(entry.task), !entry.outcome.isSuccess {
            record.history.noteChange()
        }
        writeEnd(record)
    }

    private func writeEnd(_ record: TaskRecord) {
        if !write(record) { lost.withLock { $0 = true } }
    }

    /// Returns whether a task was interrupted before it changed anything, so that an earlier success still counts.
    private func isUntouched(_ state: Attempt.State, _ entry: Report.Entry) -> Bool {
        guard case .interrupted = entry.outcome, let footprint = task(entry.task)?.footprint else { return false }
        // Programs and deletions may have changed something before an event reports it.
        let deletes = !footprint.deletedObjects.isEmpty || footprint.removedSet != nil || footprint.pruning != .never
        return !footprint.runsPrograms && !deletes && !state.progress.hasChanged && state.progress.counts.failed == 0
    }

    /// Records why a task did not start, unless it has succeeded before or another process runs it.
    ///
    /// An interruption is not recorded: it says nothing about the task, and a run of many tasks must end at once.
    private func recordNotStarted(_ entry: Report.Entry) {
        if case .interrupted = entry.outcome { return }
        let lock: FileLock?
        do throws(SystemError) {
            lock = try records.lock(entry.task)
        } catch {
            return report(error, of: entry.task)
        }
        guard let lock else { return }
        let earlier = try? records.record(of: entry.task)
        if earlier?.isSuccess != true {
            var record = TaskRecord(task: entry.task, run: run)
            record.end(entry)
            if case .skipped(let because) = entry.outcome {
                record.reasons = ["\(because.count == 1 ? "task" : "tasks") \(quotedList(because)) did not succeed"]
                record.publicReasons = record.reasons
            }
            // A task that did not start is not an attempt.
            record.attempt = earlier?.attempt ?? 0
            if let earlier { record.history = earlier.historyForNext }
            write(record)
        }
        lock.release()
    }

    /// Writes a record, or warns and returns `false` if that fails.
    @discardableResult
    private func write(_ record: TaskRecord) -> Bool {
        do throws(SystemError) {
            try records.write(record)
            return true
        } catch {
            report(error, of: record.task)
            return false
        }
    }

    private func report(_ error: SystemError, of task: String) {
        warn(Event(task: task, .warning(subject: "record", "\(error)")))
    }
}

extension TaskRecord {
    fileprivate mutating func end(_ entry: Report.Entry) {
        let (seconds, attoseconds) = entry.duration.components
        outcome = entry.outcome.kind
        (time, uptimeMilliseconds) = (.now(), Timestamp.uptimeMilliseconds())
        durationMicroseconds = seconds * 1_000_000 + attoseconds / 1_000_000_000_000
        lease = nil
    }
}

/// A lock that can be copied, and is released with its last copy.
final class HeldLock: Sendable {
    private let lock: FileLock

    init(_ lock: consuming FileLock) {
        self.lock = lock
    }
}
