import Base
import Execution
import Host
import Planning
import Reporting
import State

/// Keeps the records of the tasks of a run.
///
/// A task that is not started leaves a record of success as it is: its outcome of earlier on this boot still holds.
final class Recorder: Sendable {
    private let records: RecordStore
    private let run: String
    private let verbs: [String: String]
    /// The tasks whose every change has an event: not programs, and not deletions, which last longer than the request.
    private let reportsAllChanges: Set<String>
    /// The tasks whose changes make units restart.
    private let restarting: Set<String>
    private let warn: @Sendable (Event) -> Void
    private let attempts = Locked<[String: Attempt]>([:])
    /// The tasks of which nothing can be recorded.
    private let unrecorded = Locked<Set<String>>([])

    /// Whether the end of a task could not be recorded, so that its dependants would not know of it.
    var hasLostRecords: Bool { lost.withLock { $0 } }

    private let lost = Locked(false)

    /// An attempt of a task, from the moment that it has the lock.
    private struct Attempt {
        /// Keeps other processes from running the task until the record of its end is written.
        let lock: HeldLock
        let number: Int
        /// The facts from earlier attempts.
        var history: TaskHistory
        /// The record before the attempt, if it was a success.
        let success: TaskRecord?
        /// The record of its beginning.
        let started: TaskRecord
        var counts = ResultCounts()
        /// Whether a path was created, changed or removed.
        var hasChangedPaths = false
        var reasons = Reasons()
        var isPermanent = false

        /// Whether a path or an object was changed.
        var hasChanged: Bool { hasChangedPaths || counts.created + counts.changed + counts.deleted > 0 }
    }

    /// The lines that say why a task did not succeed, for root and for every user.
    private struct Reasons {
        var lines: [String] = []
        var publicLines: [String] = []
    }

    /// The lines of a failure that are kept.
    private static let reasonLimit = 10

    init(_ records: RecordStore, run: String, plan: Plan, warn: @escaping @Sendable (Event) -> Void) {
        self.records = records
        self.run = run
        self.warn = warn
        verbs = Dictionary(
            plan.steps.map { ($0.task.name, $0.task.verb.name) },
            uniquingKeysWith: { first, _ in first }
        )
        let repeatable = plan.steps.lazy.map(\.task).filter { task in
            !task.footprint.runsPrograms && task.footprint.deletedObjects.isEmpty && task.footprint.pruning == .never
        }
        reportsAllChanges = Set(repeatable.map(\.name))
        restarting = Set(plan.steps.lazy.map(\.task).filter { !$0.restarts.isEmpty }.map(\.name))
    }

    /// Records that a task starts; the lock is held until ``conclude(_:)``.
    ///
    /// - Returns: The number of the attempt.
    /// - Throws: ``Base/Problem`` if that cannot be recorded: a success would be unknown, and the task's dependants refused.
    func begin(_ task: String, _ lock: consuming FileLock) throws(Problem) -> Int {
        let earlier = try? records.record(of: task)
        let number = records.nextAttempt(of: task)
        let history = TaskHistory(after: earlier, isOfUnit: Machine.isUnit)
        let started = TaskRecord(
            task: task,
            verb: verbs[task] ?? "",
            outcome: nil,
            attempt: number,
            history: history,
            run: run
        )
        let attempt = Attempt(
            lock: HeldLock(lock),
            number: number,
            history: history,
            success: earlier.flatMap { $0.isSuccess ? $0 : nil },
            started: started
        )
        do throws(SystemError) {
            try records.write(started)
        } catch {
            _ = unrecorded.withLock { $0.insert(task) }
            throw unwritable("the record of the task", error)
        }
        attempts.withLock { $0[task] = attempt }
        return number
    }

    /// Notes that a running task has done its work.
    ///
    /// - Returns: What is known of the units that are to be restarted because of it, `nil` if there is nothing to do.
    func noteResult(_ outcome: Outcome, of task: String) -> TaskHistory.Restart? {
        attempts.withLock { attempts in
            if case .changed = outcome, restarting.contains(task) { attempts[task]?.history.noteChange() }
            return attempts[task]?.history.restart
        }
    }

    /// Notes whether the units of a running task were restarted.
    func noteRestart(of task: String, hasFailed: Bool) {
        attempts.withLock { $0[task]?.history.restart = hasFailed ? .failed : nil }
    }

    /// Counts what happens in a task.
    func receive(_ event: Event) {
        guard let task = event.task else { return }
        switch event.kind {
        case .object(_, let result): attempts.withLock { $0[task]?.counts.count(result.change) }
        case .path(_, let result):
            if result.change != .unchanged { attempts.withLock { $0[task]?.hasChangedPaths = true } }
        case .objectFailed(_, let error):
            let problems = problems(of: error)
            let publicLines = publicLines(of: error)
            let isPermanent = isPermanent(error)
            attempts.withLock { attempts in
                attempts[task]?.counts.failed += 1
                attempts[task]?.reasons.lines += problems.map(\.description)
                attempts[task]?.reasons.publicLines += publicLines
                if isPermanent { attempts[task]?.isPermanent = true }
            }
        case .lease(let holder): note(holder, of: task)
        case .runStarted, .taskStarted, .waiting, .objectCount, .planned, .warning, .output, .taskFinished,
            .runFinished:
            break
        }
    }

    /// Records who holds the Lease of a running task.
    private func note(_ holder: LeaseHolder, of task: String) {
        guard var record = attempts.withLock({ $0[task]?.started }) else { return }
        record.lease = holder
        write(record)
    }

    /// Records how a task ended, and releases its lock.
    func conclude(_ entry: Report.Entry) {
        guard !unrecorded.withLock({ $0.contains(entry.task) }) else { return }
        guard let attempt = attempts.withLock({ $0.removeValue(forKey: entry.task) }) else {
            return recordNotStarted(entry)
        }
        // The lock is released after the record is written: nothing sees the one without the other.
        defer { withExtendedLifetime(attempt.lock) {} }
        var reasons = attempt.reasons
        var isPermanent = false
        if case .failed(let error) = entry.outcome {
            // The facts that events have reported are there already.
            if !problems(of: error).isEmpty {
                reasons.lines.insert(chain(error), at: 0)
                reasons.publicLines.insert(publicChain(error), at: 0)
            }
            isPermanent = attempt.isPermanent || Base.isPermanent(error)
        }
        if let success = attempt.success, isUntouched(attempt, entry) { return writeEnd(success) }
        var record = record(of: entry, reasons)
        record.counts = attempt.counts
        record.attempt = attempt.number
        record.history = attempt.history
        // The next attempt finds what this one has changed as it should be.
        if attempt.hasChanged, restarting.contains(entry.task), !entry.outcome.isSuccess {
            record.history.noteChange()
        }
        record.isPermanent = isPermanent
        writeEnd(record)
    }

    private func writeEnd(_ record: TaskRecord) {
        if !write(record) { lost.withLock { $0 = true } }
    }

    /// Whether a task was interrupted before it changed anything, so that its earlier success still holds.
    private func isUntouched(_ attempt: Attempt, _ entry: Report.Entry) -> Bool {
        guard case .interrupted = entry.outcome, reportsAllChanges.contains(entry.task) else { return false }
        return !attempt.hasChanged && attempt.counts.failed == 0
    }

    /// Records why a task did not start, unless it has succeeded before or another process is running it.
    ///
    /// That a task was not started because the run was interrupted says nothing about it, and is not recorded: a run of
    /// thousands of tasks ends at once.
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
            var reasons = Reasons()
            if case .skipped(let because) = entry.outcome {
                let line = "\(because.count == 1 ? "task" : "tasks") \(quotedList(because)) did not succeed"
                reasons = Reasons(lines: [line], publicLines: [line])
            }
            var record = record(of: entry, reasons)
            // A task that did not start is not an attempt.
            record.attempt = earlier?.attempt ?? 0
            record.history = earlier?.historyForNext ?? TaskHistory()
            write(record)
        }
        lock.release()
    }

    private func record(of entry: Report.Entry, _ reasons: Reasons) -> TaskRecord {
        let (seconds, attoseconds) = entry.duration.components
        return TaskRecord(
            task: entry.task,
            verb: verbs[entry.task] ?? "",
            outcome: entry.outcome.kind,
            durationMicroseconds: seconds * 1_000_000 + attoseconds / 1_000_000_000_000,
            reason: Self.text(reasons.lines),
            publicReason: Self.text(reasons.publicLines),
            run: run,
        )
    }

    private static func text(_ lines: [String]) -> String? {
        lines.isEmpty ? nil : lines.prefix(reasonLimit).joined(separator: "\n")
    }

    /// Writes a record, and returns whether it was written; a failure is a warning.
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

/// A lock that can be kept in a dictionary.
final class HeldLock: Sendable {
    private let lock: FileLock

    init(_ lock: consuming FileLock) {
        self.lock = lock
    }
}
