public import Host
public import Planning
public import State

/// What a timeline is made of; times count from the start of the machine.
public struct TimelineSource: Sendable {
    /// A task with what is known of it.
    public struct TaskFacts: Sendable {
        /// The task's name.
        public var name: String
        public var description: String?

        /// The positions of the tasks that must have succeeded, all of them earlier.
        public var dependencies: [Int]

        /// The other units that it is ordered after.
        public var units: [String]

        /// Its state.
        public var status: TaskStatus

        /// The record of its last attempt.
        public var record: TaskRecord?

        public init(
            name: String,
            description: String? = nil,
            dependencies: [Int] = [],
            units: [String] = [],
            status: TaskStatus,
            record: TaskRecord? = nil,
        ) {
            self.name = name
            self.description = description
            self.dependencies = dependencies
            self.units = units
            self.status = status
            self.record = record
        }
    }

    /// The tasks in the order of the plan.
    public var tasks: [TaskFacts]

    /// What the journal has about them, the oldest first.
    public var entries: [LoggedEntry] = []

    /// When the journal got its oldest entry of this boot, `nil` if it was not read.
    public var journalStart: Duration?

    /// When systemd started units, `nil` if it is not known.
    public var system: SystemTimes?

    /// The clocks now.
    public var clock: BootClock

    /// What is missing, for people.
    public var notes: [String] = []

    /// Creates what a timeline is made of.
    public init(tasks: [TaskFacts], clock: BootClock) {
        self.tasks = tasks
        self.clock = clock
    }

    /// Creates what a timeline of a plan is made of.
    ///
    /// - Parameters:
    ///   - plan: The plan.
    ///   - statuses: The states of its tasks, in its order.
    ///   - records: The records of their last attempts, in its order.
    ///   - clock: The clocks now.
    public init(_ plan: Plan, statuses: [TaskStatus], records: [TaskRecord?], clock: BootClock) {
        precondition(
            plan.steps.count == statuses.count && plan.steps.count == records.count,
            "a plan has as many tasks as it has states and places for records",
        )
        let tasks = plan.steps.indices.map { index in
            let step = plan.steps[index]
            return TaskFacts(
                name: step.task.name,
                description: step.task.description,
                dependencies: step.dependencies,
                units: step.task.afterUnits,
                status: statuses[index],
                record: records[index],
            )
        }
        self.init(tasks: tasks, clock: clock)
    }

    /// Units that tasks commonly wait for, or that wait for them, shown if they are started.
    private static let commonUnits = [
        "network-online.target", "multi-user.target", "k8s-bootstrap.target", "containerd.service", "crio.service",
        "docker.service", "kubelet.service", "etcd.service", "kube-apiserver.service", "k3s.service",
        "k3s-agent.service", "rke2-server.service", "rke2-agent.service",
    ]

    /// The names of the units beside the tasks, each once.
    public var shownUnits: [String] {
        var seen = Set(taskUnits)
        return (Self.commonUnits + tasks.flatMap(\.units)).filter { seen.insert($0).inserted }
    }

    public var taskUnits: [String] { tasks.map { unitName(ofTask: $0.name) } }

    func unit(of task: TaskFacts) -> UnitTimes? { system?.units[unitName(ofTask: task.name)] }
}

extension TimelineSource {
    /// How much later than a record the journal may have the entries of the same attempt.
    private static let journalDelay = Duration.seconds(60)

    /// When the last attempt of all tasks ended, `nil` if one has not succeeded.
    ///
    /// What the journal has about them later is about repetitions, of which there can be many.
    private var end: Duration? {
        let ends = tasks.compactMap { task in
            task.record.flatMap { $0.isSuccess ? Duration.milliseconds($0.uptimeMilliseconds) : nil }
        }
        return ends.count == tasks.count ? ends.max() : nil
    }

    /// Which entries of the journal a timeline is made of.
    ///
    /// - Parameter boot: The identifier of this boot.
    /// - Returns: The query; it leaves out the output of programs.
    public func query(boot: String) -> JournalQuery {
        let kinds = MessageID.allCases.filter { kind in
            switch kind {
            case .waiting, .leaseTaken, .pathChanged, .objectApplied, .objectFailed, .problem, .warning, .taskChanged,
                .taskUnchanged, .taskFailed, .taskSkipped, .taskInterrupted:
                true
            case .output, .dependencyMissing, .runFinished, .taskFileWrong, .programFailed: false
            }
        }
        return JournalQuery(
            matches: ["SYSLOG_IDENTIFIER=nest-bootstrap"] + kinds.map { "MESSAGE_ID=\($0.rawValue)" },
            fields: [
                "MESSAGE_ID", "NEST_TASK", "NEST_RUN_ID", "NEST_ATTEMPT", "NEST_OUTCOME",
                "NEST_DURATION_USEC", "NEST_WAIT", "NEST_WAIT_ALL", "NEST_OBJECT", "NEST_REASON", "_SYSTEMD_UNIT",
                "_UID",
            ],
            boot: boot,
            end: end.map { $0 + Self.journalDelay },
        )
    }
}
