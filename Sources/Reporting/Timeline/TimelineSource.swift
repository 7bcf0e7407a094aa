import Base
import Execution
public import Host
public import Planning
public import State

/// The data from which a timeline is created, with times relative to the start of the machine.
public struct TimelineSource: Sendable {
    /// The known facts about a task.
    public struct TaskFacts: Sendable {
        /// The task's name.
        public var name: String
        public var description: String?

        /// The positions of the tasks that must succeed first, all of them earlier in the plan.
        public var dependencies: [Int]

        /// The other units that the task is ordered after.
        public var units: [String]

        /// The status of the task.
        public var status: TaskStatus

        /// The record of the last attempt.
        public var record: TaskRecord?

        /// The attempts before the last one, up to the first success on this boot.
        public var earlier: [TaskAttempt]

        public init(
            name: String,
            description: String? = nil,
            dependencies: [Int] = [],
            units: [String] = [],
            status: TaskStatus,
            record: TaskRecord? = nil,
            earlier: [TaskAttempt] = [],
        ) {
            self.name = name
            self.description = description
            self.dependencies = dependencies
            self.units = units
            self.status = status
            self.record = record
            self.earlier = earlier
        }
    }

    /// The tasks in the order of the plan.
    public var tasks: [TaskFacts]

    /// The times at which systemd started units, `nil` if they are not known.
    public var system: SystemTimes?

    /// The current readings of the clocks.
    public var clock: BootClock

    /// Human-readable notes about missing parts.
    public var notes: [String] = []

    /// Creates the source of a timeline.
    public init(tasks: [TaskFacts], clock: BootClock) {
        self.tasks = tasks
        self.clock = clock
    }

    /// Creates the source of a timeline from a plan.
    ///
    /// - Parameters:
    ///   - plan: The plan.
    ///   - statuses: The statuses of the tasks, in the order of the plan.
    ///   - attempts: For each task, the record of the last attempt and the earlier attempts, in the order of the plan.
    ///   - clock: The current readings of the clocks.
    public init(
        _ plan: Plan,
        statuses: [TaskStatus],
        attempts: [(record: TaskRecord?, earlier: [TaskAttempt])],
        clock: BootClock,
    ) {
        precondition(
            plan.steps.count == statuses.count && plan.steps.count == attempts.count,
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
                record: attempts[index].record,
                earlier: attempts[index].earlier,
            )
        }
        self.init(tasks: tasks, clock: clock)
    }

    /// The units that commonly precede or follow tasks, shown if they are started.
    private static let commonUnits = [
        "network-online.target", "multi-user.target", "k8s-bootstrap.target", "containerd.service", "crio.service",
        "docker.service", "kubelet.service", "etcd.service", "kube-apiserver.service", "k3s.service",
        "k3s-agent.service", "rke2-server.service", "rke2-agent.service",
    ]

    /// The names of the units shown next to the tasks, without duplicates.
    public var shownUnits: [String] {
        var seen = Set(taskUnits)
        return (Self.commonUnits + tasks.flatMap(\.units)).filter { seen.insert($0).inserted }
    }

    public var taskUnits: [String] { tasks.map { unitName(ofTask: $0.name) } }

    func unit(of task: TaskFacts) -> UnitTimes? { system?.units[unitName(ofTask: task.name)] }
}

extension TimelineSource {
    /// Returns the units shown next to the tasks.
    ///
    /// - Parameters:
    ///   - origin: The origin of the times.
    ///   - end: The latest start of a unit that is shown.
    ///   - critical: The unit on the critical path.
    /// - Returns: The units in the order in which they started, and the names of the units that started after `end`.
    func units(
        from origin: Duration,
        until end: Duration,
        critical: String?,
    ) -> (shown: [TimelineUnit], later: [String]) {
        var shown: [TimelineUnit] = []
        var later: [String] = []
        for name in shownUnits {
            guard let unit = system?.units[name], unit.state.load == "loaded", unit.started != nil || unit.hasJob else {
                continue
            }
            if let started = unit.started, started > end {
                later.append(name)
            } else {
                shown.append(TimelineUnit(unit, from: origin, isCritical: name == critical))
            }
        }
        let order = shown.indices.sorted { left, right in
            (shown[left].started ?? end, left) < (shown[right].started ?? end, right)
        }
        return (order.map { shown[$0] }, later)
    }
}

extension TimelineUnit {
    /// Creates a unit from times relative to the start of the machine.
    fileprivate init(_ unit: UnitTimes, from origin: Duration, isCritical: Bool) {
        func moved(_ time: Duration?) -> Duration? { time.map { max(.zero, $0 - origin) } }
        self.init(
            name: unit.name,
            state: unit.state,
            started: moved(unit.started),
            active: moved(unit.active),
            ended: moved(unit.ended),
            isCritical: isCritical,
        )
    }
}

/// Waits of tasks before their start.
extension TimelineSource {
    /// The time at which the boot began.
    ///
    /// In a container, the kernel started before the boot of the container, so the boot begins with user space.
    var bootStart: Duration { system.map { $0.boot.hasKernel ? .zero : $0.boot.userspace } ?? .zero }

    /// Returns whether the first task was started during the boot.
    func isBoot(firstStart: Duration?) -> Bool {
        guard let boot = system?.boot else { return false }
        guard let firstStart, let finished = boot.finished else { return true }
        return firstStart <= finished
    }

    /// Returns the time at which systemd queued the tasks, or the first task started if that was earlier.
    func queued(firstStart: Duration?) -> Duration {
        let first = firstStart ?? clock.sinceBoot
        guard isBoot(firstStart: firstStart), let boot = system?.boot else { return first }
        return min(first, max(boot.userspace, boot.unitsLoaded ?? .zero))
    }

    /// Returns the waits of a task before its first attempt.
    ///
    /// - Parameters:
    ///   - task: The task.
    ///   - row: The task with its attempts.
    ///   - queued: The time at which the first tasks could start.
    ///   - rows: All tasks.
    /// - Returns: The wait for the last dependency, then the wait for the last of the other units if it ended later.
    func waits(
        of task: TaskFacts,
        _ row: TimelineRow,
        from queued: Duration,
        among rows: [TimelineRow],
    ) -> [TimelineSpan] {
        var position = queued
        // The wait of a skipped task ended when it was skipped.
        let isSkipped = row.state == .ended(.skipped)
        let limit = row.started ?? (isSkipped ? task.record.map { .milliseconds($0.uptimeMilliseconds) } : nil)
        var waits: [TimelineSpan] = []
        func add(_ kind: TimelineSpan.Kind, until time: Duration?, _ subject: String) {
            let end = time.map { time in limit.map { min(time, $0) } ?? time } ?? limit
            if let end, end <= position { return }
            waits.append(TimelineSpan(kind, from: position, to: end, subject: subject))
            position = end ?? position
        }
        if row.started == nil, let open = task.dependencies.first(where: { rows[$0].succeeded == nil }) {
            add(.dependency, until: nil, tasks[open].name)
            return waits
        }
        if let last = lastDependency(of: task, among: rows) {
            add(.dependency, until: last.time, tasks[last.index].name)
        }
        if row.started == nil, let open = task.units.first(where: isStarting) {
            add(.unit, until: nil, open)
        } else if row.unknownCount == 0, let last = lastUnit(of: task, until: limit) {
            add(.unit, until: last.time, last.name)
        }
        return waits
    }

    /// Returns the dependency that succeeded last.
    func lastDependency(of task: TaskFacts, among rows: [TimelineRow]) -> (index: Int, time: Duration)? {
        let ended = task.dependencies.compactMap { index in rows[index].succeeded.map { (index, $0) } }
        return ended.max { $0.1 < $1.1 }
    }

    /// Returns the unit whose start ended last, among the units that a task is ordered after.
    ///
    /// Units whose start ended after `limit` are ignored, because they were restarted after the task started.
    func lastUnit(of task: TaskFacts, until limit: Duration?) -> (name: String, time: Duration)? {
        let ready: [(name: String, time: Duration)] = task.units.compactMap { name in
            guard let time = system?.units[name]?.startEnd, limit.map({ time <= $0 }) ?? true else { return nil }
            return (name, time)
        }
        return ready.max { $0.time < $1.time }
    }

    /// Returns whether systemd is starting a unit or is about to start it.
    private func isStarting(_ name: String) -> Bool {
        system?.units[name].map { !$0.state.isActive && ($0.hasJob || $0.state.active == "activating") } ?? false
    }
}
