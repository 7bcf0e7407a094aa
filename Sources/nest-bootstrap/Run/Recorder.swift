import Base
import Host
import Planning
import Reporting

/// Writes the records of the tasks of a run.
///
/// If a task is not started, an earlier record of success remains, because that outcome is still true for this boot.
final class Recorder: Sendable {
    private let records: RecordStore
    private let run: String
    /// Whether a task's own unit makes the attempts, rather than a run by hand.
    private let isOfUnit: Bool
    private let plan: Plan
    private let warn: @Sendable (Event) -> Void
    private let attempts = Locked<[String: Attempt]>([:])

    /// Whether the end of a task could not be recorded, so that its dependants cannot rely on it.
    var hasLostRecords: Bool { lost.withLock { $0 } }

    private let lost = Locked(false)

    /// The maximum number of recorded lines of a failure.
    private static let reasonLimit = 10

    private static func limited(_ reasons: [String]) -> [String] {
        let rest = reasons.count - reasonLimit
        return rest > 0 ? reasons.prefix(reasonLimit) + ["and \(rest) more"] : reasons
    }

    /// A task that has started.
    private final class Attempt: Sendable {
        let state: Locked<State>

        init(_ progress: TaskProgress) { state = Locked(State(progress: progress)) }

        struct State {
            var progress: TaskProgress
            var waits = WaitRecorder()
            /// The last time at which the task was known to be active.
            var lastActivity = Duration.zero
            /// The record of the attempt, once the attempt has the lock of the task.
            var record: TaskRecord?
            /// The lock that prevents other processes from running the task until the record of its end is written.
            var lock: HeldLock?
            /// The record before the attempt, if it was a success.
            var success: TaskRecord?
            var reasons: [String] = []
            var publicReasons: [String] = []
            var isPermanent = false
            /// Whether no record of the attempt can be written.
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

    /// Records the start of a task, and holds the lock until ``conclude(_:)``.
    ///
    /// - Returns: The number of the attempt.
    /// - Throws: ``Base/Problem`` if the start cannot be recorded. The task must not run then, because its success
    ///   could not be recorded either, and its dependants would be refused.
    func begin(_ task: String, using inputs: TaskInputs, _ lock: consuming FileLock) throws(Problem) -> Int {
        let earlier = try? records.record(of: task)
        let lock = HeldLock(lock)
        let attempt = attempt(of: task)
        return try attempt.state.withLock { state throws(Problem) in
            var record = TaskRecord(task: task, verb: verb(of: task), run: run)
            record.attempt = records.nextAttempt(of: task)
            record.history = TaskHistory(after: earlier, isOfUnit: isOfUnit)
            record.inputs = inputs
            // The task may have waited for the lock, and no event reports the end of this wait.
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
    private func verb(of name: String) -> String { task(name)?.verb.name ?? "" }
    private func restartsUnits(_ name: String) -> Bool { task(name)?.restarts.isEmpty == false }

    private func attempt(of task: String) -> Attempt {
        attempts.withLock { attempts in
            if let known = attempts[task] { return known }
            let attempt = Attempt(TaskProgress(task, verb: verb(of: task), start: Self.now))
            attempts[task] = attempt
            return attempt
        }
    }

    /// The time since the start of the machine.
    private static var now: Duration { .milliseconds(Timestamp.uptimeMilliseconds()) }

    /// Records that a running task has completed its work.
    ///
    /// - Returns: The state of the unit restarts that the task requires, or `nil` if there is nothing to do.
    func noteResult(_ outcome: Outcome, of task: String) -> TaskHistory.Restart? {
        attempt(of: task).state.withLock { state in
            if case .changed = outcome, restartsUnits(task) { state.record?.history.noteChange() }
            return state.record?.history.restart
        }
    }

    /// Records whether the units of a running task were restarted.
    func noteRestart(of task: String, hasFailed: Bool) {
        attempt(of: task).state.withLock { $0.record?.history.restart = hasFailed ? .failed : nil }
    }

    /// Records the waits of a task, and counts its events.
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

    /// Records the outcome of a task, and releases its lock.
    func conclude(_ entry: Report.Entry) {
        let attempt = attempts.withLock { $0.removeValue(forKey: entry.task) }
        guard var state = attempt?.state.withLock({ $0 }) else { return recordNotStarted(entry) }
        if state.isUnrecorded { return }
        guard var record = state.record else { return recordNotStarted(entry) }
        // The lock is released only after the record is written, so that no process finds the task unlocked with an
        // outdated record.
        defer { withExtendedLifetime(state.lock) {} }
        if case .failed(let error) = entry.outcome {
            // If the error lists no problems, the record already contains the failures, which events have reported.
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
        // The next attempt will find no difference to make, so the change is recorded now.
        if state.progress.hasChanged, restartsUnits(entry.task), !entry.outcome.isSuccess {
            record.history.noteChange()
        }
        writeEnd(record)
    }

    private func writeEnd(_ record: TaskRecord) {
        if !write(record) { lost.withLock { $0 = true } }
    }

    /// Returns whether a task was interrupted before it changed anything, so that its earlier success still holds.
    private func isUntouched(_ state: Attempt.State, _ entry: Report.Entry) -> Bool {
        guard case .interrupted = entry.outcome, let footprint = task(entry.task)?.footprint else { return false }
        // All tasks report every change as an event, except for programs and deletions.
        let deletes = !footprint.deletedObjects.isEmpty || footprint.removedSet != nil || footprint.pruning != .never
        return !footprint.runsPrograms && !deletes && !state.progress.hasChanged && state.progress.counts.failed == 0
    }

    /// Records why a task did not start, unless the task has succeeded before or another process is running it.
    ///
    /// If the run was interrupted, nothing is recorded: the interruption says nothing about the task, and even a run of
    /// thousands of tasks must end immediately.
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
            var record = TaskRecord(task: entry.task, verb: verb(of: entry.task), run: run)
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

    /// Writes a record, and returns whether this succeeded; a failure results in a warning.
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
    /// Completes the record with an outcome, at the current time.
    fileprivate mutating func end(_ entry: Report.Entry) {
        let (seconds, attoseconds) = entry.duration.components
        outcome = entry.outcome.kind
        (time, uptimeMilliseconds) = (.now(), Timestamp.uptimeMilliseconds())
        durationMicroseconds = seconds * 1_000_000 + attoseconds / 1_000_000_000_000
        lease = nil
    }
}

/// A lock that can be kept in a dictionary.
final class HeldLock: Sendable {
    private let lock: FileLock

    init(_ lock: consuming FileLock) {
        self.lock = lock
    }
}
