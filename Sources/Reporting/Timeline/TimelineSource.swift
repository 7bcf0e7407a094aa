import Base
public import Host
import Planning

/// The data from which a timeline is created, with times since the boot.
public struct TimelineSource: Sendable {
    public struct TaskFacts: Sendable {
        let status: TaskStatus

        /// The positions of the tasks that must succeed first, all of them earlier in the plan.
        let dependencies: [Int]

        /// The other units that the task is ordered after.
        let units: [String]

        /// The record of the last attempt, with the attempts before it.
        let record: TaskRecord?

        public init(_ status: TaskStatus, dependencies: [Int], units: [String], record: TaskRecord?) {
            (self.status, self.dependencies, self.units, self.record) = (status, dependencies, units, record)
        }
    }

    var tasks: [TaskFacts]

    /// The times of the boot and of the units according to systemd, `nil` if they are not known.
    public var system: SystemTimes?

    public var clock: BootClock

    public var notes: [String] = []

    public init(tasks: [TaskFacts], clock: BootClock) {
        (self.tasks, self.clock) = (tasks, clock)
    }

    /// The names of the units whose times belong in ``system``.
    public var unitNames: [String] {
        (tasks.map { unitName(ofTask: $0.status.task) } + tasks.flatMap(\.units)).unique()
    }
}

extension Timeline {
    public init(_ source: TimelineSource) {
        var tasks = source.tasks.map(source.task)
        let now = source.clock.sinceBoot
        let first = tasks.compactMap(\.started).min()
        // If the first task was started after the boot had finished, times are relative to the start of that task.
        let boot = source.system?.boot
        let isBoot = boot.map { boot in boot.finished.map { (first ?? .zero) <= $0 } ?? true } ?? false
        var (origin, queued) = (first ?? now, first ?? now)
        if let boot, isBoot {
            // In a container, the kernel started before the boot of the container, so the boot begins with user space.
            origin = boot.hasKernel ? .zero : boot.userspace
            queued = min(queued, max(boot.userspace, boot.unitsLoaded ?? .zero))
        }
        let waits = tasks.indices.map { source.waits(before: $0, of: tasks, from: queued) }
        for index in tasks.indices { tasks[index].spans.insert(contentsOf: waits[index], at: 0) }
        let isOpen = first == nil || tasks.contains(where: \.isOngoing)
        let last = isOpen ? now : tasks.flatMap(\.spans).compactMap(\.end).max() ?? now
        let path = source.markCriticalPath(&tasks)
        for index in tasks.indices { tasks[index].move(to: origin) }
        // The index breaks ties, so that tasks that started together keep the order of the plan.
        let starts = tasks.map { $0.started ?? .seconds(Int64.max / 2) }
        let order = tasks.indices.sorted { (starts[$0], $0) < (starts[$1], $1) }
        self.init(
            isFromBoot: isBoot,
            originTime: source.clock.timestamp(at: origin),
            bootFinished: isBoot ? boot?.finished.map { $0 - origin } : nil,
            end: last - origin,
            tasks: order.map { tasks[$0] },
            criticalPath: path,
            notes: source.notes,
        )
    }
}

extension TimelineTask {
    fileprivate mutating func move(to origin: Duration) {
        for index in spans.indices {
            spans[index].start = max(.zero, spans[index].start - origin)
            spans[index].end = spans[index].end.map { max(.zero, $0 - origin) }
        }
    }
}

extension TimelineSource {
    /// Returns a task with its attempts up to the first success.
    fileprivate func task(_ facts: TaskFacts) -> TimelineTask {
        let (status, last) = (facts.status, facts.record?.ownAttempt)
        var attempts = facts.record?.history.attempts ?? []
        if attempts.last?.isSuccess != true, let last {
            let unit = system?.units[unitName(ofTask: status.task)]
            attempts.append(status.state == .ended(.interrupted) ? last.killed(notBefore: unit?.ended) : last)
        }
        let success = attempts.last.flatMap { $0.isSuccess ? $0.outcome : nil }
        var spans: [TimelineSpan] = []
        for (index, attempt) in attempts.enumerated() {
            let follows = index > 0 && attempt.number == attempts[index - 1].number + 1
            if follows, let end = spans.last?.end, end < attempt.start {
                spans.append(TimelineSpan(kind: .pause, start: end, end: attempt.start))
            }
            spans += (index < attempts.count - 1 ? attempt.killed(notBefore: nil) : attempt).spans
        }
        if status.retriesIn != nil, success == nil, let end = spans.last?.end {
            spans.append(TimelineSpan(kind: .pause, start: end))
        }
        return TimelineTask(
            name: status.task,
            description: status.description,
            state: success.map(TaskState.ended) ?? status.state,
            dependencies: facts.dependencies.map { tasks[$0].status.task },
            attemptCount: attempts.last?.number ?? 0,
            spans: spans,
        )
    }

    /// Returns the waits of a task from the time when the first tasks could start until its first attempt.
    ///
    /// After the wait for the last dependency comes the wait for the last of the other units, if it ended later.
    fileprivate func waits(before index: Int, of all: [TimelineTask], from queued: Duration) -> [TimelineSpan] {
        let (facts, task) = (tasks[index], all[index])
        if task.started == nil, let open = facts.dependencies.first(where: { all[$0].succeeded == nil }) {
            // The wait of a skipped task ended when it was skipped.
            let end = facts.record.flatMap { task.state == .ended(.skipped) ? $0.uptimeMilliseconds : nil }
            return [
                TimelineSpan(
                    kind: .dependency,
                    start: queued,
                    end: end.map { max(queued, .milliseconds($0)) },
                    subject: all[open].name,
                )
            ]
        }
        var waits: [TimelineSpan] = []
        var position = queued
        func add(_ kind: TimelineSpan.Kind, _ subject: String, until time: Duration) {
            let end = min(time, task.started ?? time)
            guard end > position else { return }
            waits.append(TimelineSpan(kind: kind, start: position, end: end, subject: subject))
            position = end
        }
        if let last = lastDependency(of: index, among: all) {
            add(.dependency, all[last.index].name, until: last.time)
        }
        guard let started = task.started else {
            let open = facts.units.first { name in
                guard let unit = system?.units[name], !unit.state.isActive else { return false }
                return unit.hasJob || unit.state.active == "activating"
            }
            return waits + (open.map { [TimelineSpan(kind: .unit, start: position, subject: $0)] } ?? [])
        }
        // A start that ended after the task had started did not delay the task.
        let units = facts.units.compactMap { system?.units[$0] }.filter { $0.startEnd.map { $0 <= started } ?? false }
        if let unit = units.max(by: { ($0.startEnd ?? .zero) < ($1.startEnd ?? .zero) }) {
            add(.unit, unit.name, until: unit.startEnd ?? started)
        }
        return waits
    }

    private func lastDependency(of index: Int, among all: [TimelineTask]) -> (index: Int, time: Duration)? {
        let ended = tasks[index].dependencies.compactMap { index in all[index].succeeded.map { (index, $0) } }
        return ended.max { $0.1 < $1.1 }
    }

    /// Marks the tasks that determined when the last task ended, and returns their names in chronological order.
    ///
    /// The last task is the ongoing task that started first or, if no task is ongoing, the task that ended last. Before
    /// a task on the path comes the dependency that succeeded last. If a task waited last for a unit before it started,
    /// the path begins with the unit.
    fileprivate func markCriticalPath(_ all: inout [TimelineTask]) -> [String] {
        let ongoing = all.indices.filter { all[$0].isOngoing }
        let ended = all.indices.filter { all[$0].ended != nil }
        var next =
            ongoing.min { (all[$0].started ?? .zero) < (all[$1].started ?? .zero) }
            ?? ended.max { (all[$0].ended ?? .zero) < (all[$1].ended ?? .zero) }
        var path: [String] = []
        while let index = next {
            all[index].isCritical = true
            path.append(all[index].name)
            if let wait = all[index].spans.last(where: \.kind.isBeforeStart), wait.kind == .unit {
                path += [wait.subject].compactMap(\.self)
                break
            }
            next = lastDependency(of: index, among: all)?.index
        }
        return path.reversed()
    }
}

extension TaskAttempt {
    /// Returns the attempt, marked as interrupted at the last known time if it has no recorded end.
    fileprivate func killed(notBefore end: Duration?) -> Self {
        guard outcome == nil else { return self }
        var attempt = self
        attempt.outcome = .interrupted
        attempt.end = max(start, end ?? .zero, waits.last.map { $0.end ?? $0.start } ?? .zero)
        return attempt
    }

    /// The waits of the attempt and the work between them.
    var spans: [TimelineSpan] {
        var spans: [TimelineSpan] = []
        var position = start
        for wait in waits {
            let begin = max(wait.start, position)
            let end = wait.end.map { max($0, begin) } ?? end
            if begin > position { spans.append(TimelineSpan(kind: .work, start: position, end: begin)) }
            let kind = TimelineSpan.Kind(rawValue: wait.subject.kind.rawValue) ?? .condition
            spans.append(
                TimelineSpan(kind: kind, start: begin, end: end, subject: wait.subject.text, reason: wait.reason)
            )
            position = end ?? begin
        }
        let isWaiting = waits.last.map { $0.end == nil } ?? false
        if spans.isEmpty || !isWaiting && end.map({ $0 > position }) ?? true {
            spans.append(TimelineSpan(kind: .work, start: position, end: end))
        }
        spans[spans.count - 1].outcome = outcome
        return spans
    }
}
