public import Base
public import Host
public import Planning

public struct TaskStatus: Sendable, Hashable {
    public var task: String
    public var description: String?

    public var state: TaskState

    /// The number of the last attempt, if its end is recorded.
    public var attempt: Int?

    /// The time at which the task started, if its start is recorded and its end is not.
    public var startedAt: Timestamp?

    public var finishedAt: Timestamp?

    public var age: Duration?

    /// The duration, `nil` if the end of the task is not recorded.
    public var duration: Duration?

    public var counts = ResultCounts()

    /// The reasons for the state, or the activity of a running task, as lines.
    public var reasons: [String] = []

    /// The current wait of the running task, or of its running repetition.
    public var wait: TaskWait?

    /// The dependencies that must succeed before the waiting task runs.
    private(set) var waitsFor: [String] = []

    /// Whether the task failed and another attempt cannot succeed.
    public var isPermanent = false

    /// The time until the task is retried, `nil` if no retry is scheduled.
    public var retriesIn: Duration?

    /// The holder of the task's Lease, if it is known and the task or its repetition is running.
    public var lease: LeaseHolder?

    /// The last repetition of the task, if it has been repeated since its success.
    public var repetition: TaskStatus? {
        get { repetitions.first }
        set { repetitions = newValue.map { [$0] } ?? [] }
    }
    var repetitions: [TaskStatus] = []

    /// The time until the next repetition, `nil` if none is scheduled.
    public var repeatsIn: Duration?

    /// The uptime at which the recorded attempt ended, or started if its end is not recorded.
    var recordedAt: Duration?

    /// The state of the task's service, `nil` if it is not known.
    public private(set) var service: ServiceState?
}

extension TaskStatus {
    public var hasFailed: Bool { state == .ended(.failed) }

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
        if record.isSuccess { reasons = [] }
        if record.outcome == nil {
            // The duration of a process that was killed is not known.
            (startedAt, duration) = (record.time, nil)
        } else {
            (finishedAt, attempt) = (record.time, record.attempt)
        }
    }

    /// Adds the state of the task's service.
    ///
    /// The record of a task is more precise than the state of its service. A failed service takes precedence if there
    /// is no record, or if the service failed after a recorded success. A success after a failure of the service is the
    /// result of a run by hand.
    ///
    /// `isBlocked` tells whether a failed or masked dependency keeps the service from starting.
    public mutating func add(_ service: ServiceState, waitingFor dependencies: [String] = [], isBlocked: Bool = false) {
        self.service = service
        // A pending job may start the task again, for example after a correction.
        if service.hasJob { isPermanent = false }
        let unit = service.unit
        func wait(_ words: String) {
            state = .waiting
            waitsFor = dependencies
            reasons = ["\(words) " + dependencies.map { "'\($0)'" }.joined(separator: ", ")]
        }
        if state.isSuccess, hasSucceeded(after: service) {
            reasons = ["a run by hand has succeeded since the unit failed"]
        } else if state.isSuccess || state == .notYet, service.hasFailed {
            state = .ended(.failed)
            reasons = [service.statusText ?? "see 'systemctl status k8s-bootstrap-\(task).service'"]
            isPermanent = service.exitStatus.map(Self.isPermanent(exitStatus:)) ?? false
        } else if state == .notYet, unit.active == "inactive", !dependencies.isEmpty, service.hasJob || isBlocked {
            wait("runs after")
        } else if state == .ended(.failed), service.hasJob, unit.active != "activating", !dependencies.isEmpty {
            wait("runs again after")
        } else if state == .notYet, unit.load == "not-found" {
            reasons = ["systemd does not know it yet; run 'nest-bootstrap up'"]
        } else if state == .running || state.isSuccess && unit.active == "activating" {
            // If the unit is running the task again, the record still contains the last success.
            state = .running
            reasons = [service.statusText].compactMap(\.self)
        } else if state.isSuccess, service.hasJob {
            // A task that is about to run again is not complete, even if it succeeded before.
            state = .waiting
            waitsFor = dependencies
            reasons = ["systemd is about to start or stop its unit"]
        }
    }

    private func hasSucceeded(after service: ServiceState) -> Bool {
        guard service.hasFailed, let failedAt = service.failedAt, let recordedAt else { return false }
        return failedAt < recordedAt
    }

    /// Returns whether the time of the task's record, or of its unit's failure, is at or after an uptime.
    public func hasEnded(since time: Duration) -> Bool {
        [recordedAt, service?.failedAt].contains { ended in ended.map { $0 >= time } ?? false }
    }

    /// Returns whether an exit status means that another attempt cannot succeed.
    ///
    /// The statuses are EX_USAGE, EX_DATAERR and EX_CONFIG of sysexits.h.
    static func isPermanent(exitStatus: Int32) -> Bool { [64, 65, 78].contains(exitStatus) }
}

/// The state of a task on this boot.
public enum TaskState: Sendable, Hashable, CustomStringConvertible {
    /// The task has not run.
    case notYet
    /// The task's unit waits for a dependency, or systemd is about to start or stop it.
    case waiting
    case running
    case ended(Outcome.Kind)
    /// The record cannot be read.
    case unknown

    public var isSuccess: Bool {
        if case .ended(let outcome) = self { outcome.isSuccess } else { false }
    }

    /// The word for the state in tables and in JSON.
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
    /// Determines the states of tasks, in the given order, even while other processes run them.
    ///
    /// If a record cannot be read, the error becomes the reason for the state.
    public func statuses(of tasks: [String], now: Timestamp = .now()) -> [TaskStatus] {
        let found = tasks.map(look)
        var locks = FileLock.holders()
        return zip(tasks, found).map { task, found in status(of: task, found, &locks, now) }
    }

    private func status(
        of task: String,
        _ first: FoundRecord,
        _ locks: inout [FileStatus.Identity: Int32],
        _ now: Timestamp,
    ) -> TaskStatus {
        var found = first
        // A process writes the record of a task's end before it releases the lock. If a record says that a task is
        // running but nothing locks the task, the record may therefore have been replaced since it was read. The
        // kernel's list of locks is read in pieces, and a lock can be missed between two pieces, so a process counts
        // as gone only after several reads without its lock. A record of another run belongs to another process.
        var lookCount = 0
        while lookCount < Self.lookCount, let run = found.started?.run, !found.isLocked(in: locks) {
            found = look(at: task)
            lookCount = found.started?.run == run ? lookCount + 1 : 0
            locks = FileLock.holders()
        }
        let isLocked = found.isLocked(in: locks)
        if isLocked, found.record?.isSuccess != true {
            var status = TaskStatus(task: task, state: .running)
            (status.startedAt, status.lease) = (found.started?.time, found.started?.lease)
            status.wait = found.started?.currentWait
            return status
        }
        if let error = found.error { return TaskStatus(task: task, state: .unknown, reasons: ["\(error)"]) }
        guard let record = found.record else { return TaskStatus(task: task, state: .notYet) }
        var status = TaskStatus(record, now: now)
        // A run of a task that has already succeeded is a repetition, for which dependants do not wait.
        if record.isSuccess, let last = record.repetitions.first {
            let isRunning = isLocked && last.outcome == nil
            status.repetition = isRunning ? TaskStatus(task: task, state: .running) : TaskStatus(last, now: now)
            if isRunning {
                status.repetition?.startedAt = last.time
                (status.lease, status.wait) = (last.lease, last.currentWait)
            }
        }
        return status
    }

    /// The number of times that a missing lock is looked for again before its process counts as gone.
    private static let lookCount = 3

    private func look(at task: String) -> FoundRecord {
        var found = FoundRecord()
        do throws(SystemError) {
            let directory = try directory(of: task, isCreating: false)
            found.directory = try directory.status().identity
            found.record = try whole(task, in: directory)
        } catch {
            if !error.isNotFound { found.error = error }
        }
        return found
    }
}

private struct FoundRecord {
    var record: TaskRecord?
    var error: SystemError?
    /// The directory of the task, which is also its lock; `nil` if it does not exist or cannot be opened.
    var directory: FileStatus.Identity?

    func isLocked(in locks: [FileStatus.Identity: Int32]) -> Bool { directory.flatMap { locks[$0] } != nil }

    /// The record of the task, or of its repetition, that has started but not ended.
    var started: TaskRecord? {
        let last = record?.isSuccess == true ? record?.repetitions.first : record
        return last?.outcome == nil ? last : nil
    }
}

extension TaskRecord {
    /// The last wait, `nil` if it has ended or there is none.
    fileprivate var currentWait: TaskWait? { waits.last.flatMap { $0.end == nil ? $0 : nil } }
}
