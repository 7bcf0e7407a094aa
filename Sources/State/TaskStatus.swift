public import Base
public import Execution
public import Host

/// The status of one task.
public struct TaskStatus: Sendable, Hashable {
    /// The task's name.
    public var task: String
    public var description: String?

    /// The task's state.
    public var state: TaskState

    /// The number of its last attempt, if that has ended.
    public var attempt: Int?

    /// When the task started, if it has not ended.
    public var startedAt: Timestamp?

    /// When the task ended.
    public var finishedAt: Timestamp?

    /// How long ago the task ended.
    public var age: Duration?

    /// How long the task ran.
    public var duration: Duration?

    /// The results for its objects.
    public var counts: ResultCounts

    /// Why the state is what it is, a line for each problem.
    public var reasons: [String]

    /// The wait of a task that is running, or of its last repetition.
    public var wait: TaskWait?

    /// The dependencies that the task waits for, if its service was not started because of them.
    public private(set) var waitsFor: [String] = []

    /// Whether the task failed in a way that another attempt cannot change.
    public var isPermanent = false

    /// The time until the task is tried again, if it failed and is.
    public var retriesIn: Duration?

    /// The holder of the task's Lease, if the task is running and needs one.
    public var lease: LeaseHolder?

    /// The last repetition of the task, if it has repeated since.
    public var repetition: TaskRepetition?

    /// The state as it is counted: unknown also if only the record of the last repetition cannot be read.
    public var countedState: TaskState { state.isSuccess && repetition?.state == .unknown ? .unknown : state }

    /// The time until the task repeats, if it does.
    public var repeatsIn: Duration?

    /// When the attempt of the record ended or started, counted from the boot of the machine.
    private var recordedAt: Duration?

    /// The state of the task's service, where systemd could be asked.
    public private(set) var service: ServiceState?

    public init(
        task: String,
        description: String? = nil,
        state: TaskState,
        age: Duration? = nil,
        duration: Duration? = nil,
        counts: ResultCounts = ResultCounts(),
        reasons: [String] = [],
    ) {
        self.task = task
        self.description = description
        self.state = state
        self.age = age
        self.duration = duration
        self.counts = counts
        self.reasons = reasons
    }

    /// Creates the status of a task that has a record and is not running.
    init(_ record: TaskRecord, now: Timestamp) {
        self.init(
            task: record.task,
            state: .ended(record.outcome ?? .interrupted),
            age: .seconds(max(0, now.seconds - record.time.seconds)),
            duration: .microseconds(record.durationMicroseconds),
            counts: record.counts,
            reasons: record.outcome == nil ? ["its process was killed, or the power failed"] : record.reasons,
        )
        recordedAt = .milliseconds(record.uptimeMilliseconds)
        isPermanent = record.outcome == .failed && record.isPermanent
        if record.outcome != nil { attempt = record.attempt }
        if record.isSuccess { reasons = [] }
        if record.outcome == nil { startedAt = record.time } else { finishedAt = record.time }
        // How long a process ran that did not live to record it is unknown.
        if record.outcome == nil { duration = nil }
    }

    /// Adds the state of the task's service.
    ///
    /// The record of a task is more precise. The service decides where there is no record, because the program never ran,
    /// and where the record is of an earlier success. A success after the failure of the service is that of a run by hand.
    ///
    /// - Parameters:
    ///   - service: The state of the service.
    ///   - dependencies: The dependencies that have not succeeded yet.
    ///   - isBlocked: Whether one of them has failed, so that the service was not started.
    public mutating func add(_ service: ServiceState, waitingFor dependencies: [String] = [], isBlocked: Bool = false) {
        self.service = service
        // It is about to run again.
        if service.hasJob { isPermanent = false }
        switch state {
        case .ended(let kind) where kind.isSuccess && hasSucceeded(after: service):
            reasons = ["a run by hand has succeeded since the unit failed"]
        case .notYet where service.unit.active == "failed", .ended(.changed) where service.unit.active == "failed",
            .ended(.unchanged) where service.unit.active == "failed":
            state = .ended(.failed)
            reasons = [service.statusText ?? "see 'systemctl status k8s-bootstrap-\(task).service'"]
            isPermanent = service.exitStatus.map(Self.isPermanent(exitStatus:)) ?? false
        case .notYet where service.unit.active == "inactive" && !dependencies.isEmpty && (service.hasJob || isBlocked):
            state = .waiting
            waitsFor = dependencies
            reasons = ["runs after " + dependencies.map { "'\($0)'" }.joined(separator: ", ")]
        case .notYet where service.unit.load == "not-found":
            reasons = ["systemd does not know it yet; run 'systemctl daemon-reload'"]
        // Its products are not in place yet.
        case .ended(.changed) where service.unit.active == "activating",
            .ended(.unchanged) where service.unit.active == "activating":
            state = .running
            reasons = [service.statusText].compactMap(\.self)
        // A task that is about to run again is not done, even if it succeeded before.
        case .ended(let kind) where kind.isSuccess && service.hasJob:
            state = .waiting
            waitsFor = dependencies
            reasons = ["systemd is about to start or stop its unit"]
        case .running: reasons = [service.statusText].compactMap(\.self)
        case .notYet, .waiting, .ended, .unknown: break
        }
    }

    /// Whether the task has succeeded after its service had failed.
    private func hasSucceeded(after service: ServiceState) -> Bool {
        guard service.hasFailed, let failedAt = service.failedAt, let recordedAt else { return false }
        return failedAt < recordedAt
    }

    /// Whether an exit status says that another attempt cannot succeed: wrong usage, wrong input, an invalid task file.
    public static func isPermanent(exitStatus: Int32) -> Bool { [64, 65, 78].contains(exitStatus) }
}

/// The state of a task on this boot.
public enum TaskState: Sendable, Hashable, CustomStringConvertible {
    /// The task has not run.
    case notYet
    /// The task's unit waits, for a dependency or for the next attempt.
    case waiting
    /// A process is running the task.
    case running
    case ended(Outcome.Kind)
    /// The record cannot be read.
    case unknown

    /// Whether the task has succeeded.
    public var isSuccess: Bool {
        if case .ended(let outcome) = self { outcome.isSuccess } else { false }
    }

    /// The word for it in tables and in JSON.
    public var description: String {
        switch self {
        case .notYet: "not yet"
        case .waiting: "waiting"
        case .running: "running"
        case .ended(let outcome): outcome.rawValue
        case .unknown: "unknown"
        }
    }
}

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
                if isLocked { (status.lease, status.wait) = (found.repetition.lease, found.repetition.wait) }
                return status
            }
            if isLocked {
                var status = TaskStatus(task: task, state: .running)
                status.startedAt = found.own.startTime
                status.lease = found.own.lease
                status.wait = found.own.wait
                return status
            }
            return switch found.own {
            case .record(let record): TaskStatus(record, now: now)
            case .nothing: TaskStatus(task: task, state: .notYet)
            case .unreadable(let error): TaskStatus(task: task, state: .unknown, reasons: ["\(error)"])
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

/// The content in the place of a record.
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

    /// The wait of a task that has started and not ended.
    var wait: TaskWait? {
        guard case .record(let record) = self, record.outcome == nil else { return nil }
        return record.waits.last.flatMap { $0.end == nil ? $0 : nil }
    }

    /// The repetition that has its record here.
    func taskRepetition(isRunning: Bool, now: Timestamp) -> TaskRepetition? {
        switch self {
        case .record(let record): return TaskRepetition(record, isRunning: isRunning, now: now)
        case .nothing: return nil
        case .unreadable(let error):
            return isRunning ? TaskRepetition(state: .running) : TaskRepetition(state: .unknown, reasons: ["\(error)"])
        }
    }
}

/// The records of a task.
private struct FoundRecords {
    var own: Found
    var repetition = Found.nothing

    /// Whether a record says that the task has started and not ended.
    var isStarted: Bool { own.startTime != nil || repetition.startTime != nil }
}
