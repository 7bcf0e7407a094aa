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

    /// Why the state is what it is, unless the task succeeded.
    public var reason: String?

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
        reason: String? = nil,
    ) {
        self.task = task
        self.description = description
        self.state = state
        self.age = age
        self.duration = duration
        self.counts = counts
        self.reason = reason
    }

    /// Creates the status of a task that has a record and is not running.
    init(_ record: TaskRecord, now: Timestamp) {
        self.init(
            task: record.task,
            state: .ended(record.outcome ?? .interrupted),
            age: .seconds(max(0, now.seconds - record.time.seconds)),
            duration: .microseconds(record.durationMicroseconds),
            counts: record.counts,
            reason: record.outcome == nil ? "its process was killed, or the power failed" : record.reason,
        )
        recordedAt = .milliseconds(record.uptimeMilliseconds)
        isPermanent = record.outcome == .failed && record.isPermanent
        if record.outcome != nil { attempt = record.attempt }
        if record.isSuccess { reason = nil }
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
            reason = "a run by hand has succeeded since the unit failed"
        case .notYet where service.unit.active == "failed", .ended(.changed) where service.unit.active == "failed",
            .ended(.unchanged) where service.unit.active == "failed":
            state = .ended(.failed)
            reason = service.statusText ?? "see 'systemctl status k8s-bootstrap-\(task).service'"
            isPermanent = service.exitStatus.map(Self.isPermanent(exitStatus:)) ?? false
        case .notYet where service.unit.active == "inactive" && !dependencies.isEmpty && (service.hasJob || isBlocked):
            state = .waiting
            waitsFor = dependencies
            reason = "runs after " + dependencies.map { "'\($0)'" }.joined(separator: ", ")
        case .notYet where service.unit.load == "not-found":
            reason = "systemd does not know it yet; run 'systemctl daemon-reload'"
        // Its products are not in place yet.
        case .ended(.changed) where service.unit.active == "activating",
            .ended(.unchanged) where service.unit.active == "activating":
            state = .running
            reason = service.statusText
        // A task that is about to run again is not done, even if it succeeded before.
        case .ended(let kind) where kind.isSuccess && service.hasJob:
            state = .waiting
            waitsFor = dependencies
            reason = "systemd is about to start or stop its unit"
        case .running: reason = service.statusText
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
