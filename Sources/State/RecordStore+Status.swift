public import Base
import Execution
import Host

extension RecordStore {
    /// Determines the states of tasks, also while other processes run them.
    ///
    /// The kernel's list of locks is read once for all tasks.
    ///
    /// - Parameters:
    ///   - tasks: The names of the tasks.
    ///   - now: The time that ages are counted to.
    /// - Returns: A status for each, in the same order; a record that cannot be read is reported as its reason.
    public func statuses(of tasks: [String], now: Timestamp = .now()) -> [TaskStatus] {
        var found = tasks.map(look)
        var locks = LockTable.current()
        // A process that ends a task writes its record before it releases the lock. So a record that says the task has
        // started, without a lock, may have been replaced since it was read. The kernel's list is read in several
        // pieces, between which a lock can slip through: that a process is gone has to be seen more than once.
        for _ in 0..<Self.lookCount {
            let doubtful = tasks.indices.filter { found[$0].isStarted && runner(of: tasks[$0], in: locks) == nil }
            if doubtful.isEmpty { break }
            for index in doubtful { found[index] = look(at: tasks[index]) }
            locks = .current()
        }
        return zip(tasks, found).map { task, found in
            let isLocked = runner(of: task, in: locks) != nil
            if case .record(let record) = found, record.isSuccess {
                // A task that has succeeded and runs is one that repeats: what depends on it need not wait.
                var status = TaskStatus(record, now: now)
                status.repetition = repetition(after: record, isRunning: isLocked, now: now)
                return status
            }
            if isLocked {
                var status = TaskStatus(task: task, state: .running)
                status.startedAt = found.startTime
                return status
            }
            return switch found {
            case .record(let record): TaskStatus(record, now: now)
            case .nothing: TaskStatus(task: task, state: .notYet)
            case .unreadable(let error): TaskStatus(task: task, state: .unknown, reason: "\(error)")
            }
        }
    }

    /// The last repetition of a task since it ran for its dependants.
    private func repetition(after record: TaskRecord, isRunning: Bool, now: Timestamp) -> TaskRepetition? {
        guard let repeated = try? repetitions.record(of: record.task), repeated.time >= record.time else { return nil }
        return TaskRepetition(repeated, isRunning: isRunning, now: now)
    }

    /// How often a lock has to be missing before its process counts as gone.
    private static let lookCount = 3

    private func look(at task: String) -> Found {
        do throws(SystemError) {
            return try record(of: task).map(Found.record) ?? .nothing
        } catch {
            return .unreadable(error)
        }
    }
}

/// What there is in the place of a record.
private enum Found {
    case record(TaskRecord)
    case nothing
    case unreadable(SystemError)

    /// Whether the record says that the task has started and not ended.
    var isStarted: Bool { startTime != nil }

    /// When the task started, if the record says that it has not ended.
    var startTime: Timestamp? {
        if case .record(let record) = self, record.outcome == nil { record.time } else { nil }
    }
}
