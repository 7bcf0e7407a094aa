public import Base
import Execution
import Host

extension RecordStore {
    /// Determines the states of tasks, also while other processes run them.
    ///
    /// The kernel's list of locks is read, and the directory of the tasks opened, once for all.
    ///
    /// - Parameters:
    ///   - tasks: The names of the tasks.
    ///   - now: The time that ages are counted to.
    /// - Returns: A status for each, in the same order; a record that cannot be read is reported as its reason.
    public func statuses(of tasks: [String], now: Timestamp = .now()) -> [TaskStatus] {
        let directory = openTasks()
        var found = tasks.map { lookWithRepetition(at: $0, directory) }
        var locks = LockTable.current()
        // A process that ends a task writes its record before it releases the lock. So a record that says the task has
        // started, without a lock, may have been replaced since it was read. The kernel's list is read in several
        // pieces, between which a lock can slip through: that a process is gone has to be seen more than once.
        for _ in 0..<Self.lookCount {
            let doubtful = tasks.indices.filter {
                found[$0].isStarted && runner(of: tasks[$0], in: locks, directory) == nil
            }
            if doubtful.isEmpty { break }
            for index in doubtful { found[index] = lookWithRepetition(at: tasks[index], directory) }
            locks = .current()
        }
        return zip(tasks, found).map { task, found in
            let isLocked = runner(of: task, in: locks, directory) != nil
            if case .record(let record) = found.own, record.isSuccess {
                // A task that has succeeded and runs is one that repeats: what depends on it need not wait.
                var status = TaskStatus(record, now: now)
                status.repetition = found.repetition.taskRepetition(isRunning: isLocked, now: now)
                if isLocked { status.lease = found.repetition.lease }
                return status
            }
            if isLocked {
                var status = TaskStatus(task: task, state: .running)
                status.startedAt = found.own.startTime
                status.lease = found.own.lease
                return status
            }
            return switch found.own {
            case .record(let record): TaskStatus(record, now: now)
            case .nothing: TaskStatus(task: task, state: .notYet)
            case .unreadable(let error): TaskStatus(task: task, state: .unknown, reason: "\(error)")
            }
        }
    }

    /// Reads the records of a task and, if it has succeeded, of its last repetition since.
    private func lookWithRepetition(at task: String, _ directory: borrowing TasksDirectory) -> FoundRecords {
        let own = look(at: task, directory)
        guard case .record(let record) = own, record.isSuccess else { return FoundRecords(own: own) }
        let repetition = repetitions.look(at: task, directory)
        if case .record(let repeated) = repetition, repeated.uptimeMilliseconds < record.uptimeMilliseconds {
            return FoundRecords(own: own)
        }
        return FoundRecords(own: own, repetition: repetition)
    }

    /// How often a lock has to be missing before its process counts as gone.
    private static let lookCount = 3

    private func look(at task: String, _ directory: borrowing TasksDirectory) -> Found {
        do throws(SystemError) {
            return try record(of: task, in: directory).map(Found.record) ?? .nothing
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

    /// When the task started, if the record says that it has not ended.
    var startTime: Timestamp? {
        if case .record(let record) = self, record.outcome == nil { record.time } else { nil }
    }

    /// The holder of the task's Lease, if the record says that the task has started and not ended.
    var lease: LeaseHolder? {
        if case .record(let record) = self, record.outcome == nil { record.lease } else { nil }
    }

    /// What is known of a repetition that has its record here.
    func taskRepetition(isRunning: Bool, now: Timestamp) -> TaskRepetition? {
        switch self {
        case .record(let record): return TaskRepetition(record, isRunning: isRunning, now: now)
        case .nothing: return nil
        case .unreadable(let error):
            return isRunning ? TaskRepetition(state: .running) : TaskRepetition(state: .unknown, reason: "\(error)")
        }
    }
}

/// What there is of a task.
private struct FoundRecords {
    var own: Found
    var repetition = Found.nothing

    /// Whether a record says that the task has started and not ended.
    var isStarted: Bool { own.startTime != nil || repetition.startTime != nil }
}
