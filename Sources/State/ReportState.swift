public import Base
import Host
import YAML

/// The state of reports to the cluster, stored in the state directory between reports.
public struct ReportState: Sendable, Hashable {
    /// A failing task, from its first failure until it succeeds.
    public struct Failure: Sendable, Hashable {
        public var task: String
        /// The number of failures.
        public var count: Int
        /// The number of the last attempt, counted since the task last succeeded.
        public var attempt: Int
        /// The time of the first known failure.
        public var first: Timestamp
        /// The time at which the last attempt ended.
        public var last: Timestamp
    }

    /// A failure or a recovery to report to the cluster.
    public struct Incident: Sendable, Hashable {
        public var task: String
        /// Whether the incident is a recovery rather than a failure.
        public var isRecovery: Bool
        /// The message, which every user may read.
        public var message: String
        /// The number of occurrences.
        public var count: Int
        /// The time of the first occurrence.
        public var first: Timestamp
        /// The time of the last occurrence.
        public var last: Timestamp

        /// Returns whether an incident repeats an earlier incident, which it then replaces.
        public func isRepeat(of other: Self) -> Bool {
            task == other.task && isRecovery == other.isRecovery && first == other.first
        }
    }

    /// The failing tasks.
    public var failures: [Failure]

    /// The names of the failing tasks.
    public var failing: Set<String> { Set(failures.map(\.task)) }

    /// The incidents that have not been sent yet, oldest first.
    public var unsent: [Incident]

    /// The reason why something could not be sent, `nil` if the last attempt succeeded.
    public var problem: ReportProblem?

    /// The largest number of unsent incidents that are stored; beyond it, the oldest are dropped.
    static let unsentLimit = 100

    /// Creates a state; without arguments, the state of a node that has not reported anything.
    public init(failures: [Failure] = [], unsent: [Incident] = [], problem: ReportProblem? = nil) {
        (self.failures, self.unsent, self.problem) = (failures, unsent, problem)
    }

    /// Records the failures and recoveries of tasks since the last call.
    ///
    /// - Parameters:
    ///   - statuses: The statuses of all tasks of the node.
    ///   - health: The tasks whose units have failed and not recovered.
    ///   - now: The time of recoveries, and of failures without a record.
    public mutating func note(
        _ statuses: [TaskStatus],
        _ health: NodeHealth = NodeHealth(),
        at now: Timestamp = .now(),
    ) {
        let names = Set(statuses.map(\.task))
        // A task that was removed from the task file has not recovered.
        failures.removeAll { !names.contains($0.task) }
        let reported = failing
        for status in statuses {
            let index = failures.firstIndex { $0.task == status.task }
            if let failure = status.failure(health, reported: reported) {
                if let message = failure.message(of: status.task) {
                    note(failure, of: status.task, index, message, at: now)
                }
            } else if let index, status.state.isSuccess {
                noteRecovery(failures.remove(at: index), at: now)
            }
        }
    }

    private mutating func noteRecovery(_ failure: Failure, at now: Timestamp) {
        let times = failure.count == 1 ? "one failure" : "\(failure.count) failures"
        let message = "task '\(failure.task)' has recovered after \(times)"
        add(Incident(task: failure.task, isRecovery: true, message: message, count: 1, first: now, last: now))
    }

    private mutating func note(
        _ new: TaskFailure,
        of task: String,
        _ index: Int?,
        _ message: String,
        at now: Timestamp,
    ) {
        // Without a record, the number of further failures is not known.
        if new.finishedAt == nil, index != nil { return }
        let time = new.finishedAt ?? now
        var failure = Failure(task: task, count: 1, attempt: new.attempt, first: time, last: time)
        if let index {
            let known = failures[index]
            guard known.attempt != new.attempt || known.last != time else { return }
            // The count includes attempts between two reports.
            failure.count = known.count + max(1, new.attempt - known.attempt)
            failure.first = known.first
            failures[index] = failure
        } else {
            failures.append(failure)
        }
        add(
            Incident(
                task: task,
                isRecovery: false,
                message: message,
                count: failure.count,
                first: failure.first,
                last: time
            )
        )
    }

    private mutating func add(_ incident: Incident) {
        unsent.removeAll(where: incident.isRepeat)
        unsent.append(incident)
        unsent.removeFirst(max(0, unsent.count - Self.unsentLimit))
    }
}

extension RecordStore {
    private static let reportName = "report.json"

    /// The directory of the report, which belongs to the user of the reporting service.
    static let reportDirectory = "report"

    func reportDirectory(isCreating: Bool) throws(SystemError) -> DirectoryHandle {
        try directory(isCreating: isCreating)
            .directory(Self.reportDirectory, creatingWith: isCreating ? 0o755 : nil, isOfService: true)
    }

    /// Reads the state of reports to the cluster.
    ///
    /// - Returns: The state, without any reports if the file is missing or from another boot.
    public func reportState() -> ReportState {
        guard let bytes = try? reportDirectory(isCreating: false).read(Self.reportName, limit: Self.sizeLimit),
            let node = try? readJSON(bytes, file: "report"), node["boot"]?.string == (boot ?? "")
        else { return ReportState() }
        return ReportState(
            failures: (node["failures"]?.sequence ?? []).compactMap { ReportState.Failure($0) },
            unsent: (node["unsent"]?.sequence ?? []).compactMap { ReportState.Incident($0) },
            problem: node["problem"].flatMap { ReportProblem($0) },
        )
    }

    /// Writes the state of reports to the cluster.
    ///
    /// - Throws: ``Base/SystemError`` if the system refuses.
    public func write(_ state: ReportState) throws(SystemError) {
        var pairs: [(String, Node)] = [
            ("boot", .string(boot ?? "")), ("failures", .sequence(state.failures.map(\.node))),
            ("unsent", .sequence(state.unsent.map(\.node))),
        ]
        if let problem = state.problem { pairs.append(("problem", problem.node)) }
        try reportDirectory(isCreating: true).write(Node.mapping(pairs).json(), to: Self.reportName, mode: 0o644)
    }
}

extension ReportState.Failure {
    fileprivate var node: Node {
        .mapping([
            ("task", .string(task)), ("count", .number(count)), ("attempt", .number(attempt)),
            ("first", .string(first.description)), ("last", .string(last.description)),
        ])
    }

    fileprivate init?(_ node: Node) {
        guard let task = node["task"]?.string, let count = node["count"]?.integer,
            let attempt = node["attempt"]?.integer,
            let first = node["first"]?.string.flatMap({ Timestamp(rfc3339: $0) }),
            let last = node["last"]?.string.flatMap({ Timestamp(rfc3339: $0) })
        else { return nil }
        self.init(task: task, count: count, attempt: attempt, first: first, last: last)
    }
}

extension ReportState.Incident {
    fileprivate var node: Node {
        .mapping([
            ("task", .string(task)), ("recovery", .boolean(isRecovery)), ("message", .string(message)),
            ("count", .number(count)), ("first", .string(first.description)), ("last", .string(last.description)),
        ])
    }

    fileprivate init?(_ node: Node) {
        guard let task = node["task"]?.string, let isRecovery = node["recovery"]?.boolean,
            let message = node["message"]?.string, let count = node["count"]?.integer,
            let first = node["first"]?.string.flatMap({ Timestamp(rfc3339: $0) }),
            let last = node["last"]?.string.flatMap({ Timestamp(rfc3339: $0) })
        else { return nil }
        self.init(task: task, isRecovery: isRecovery, message: message, count: count, first: first, last: last)
    }
}
