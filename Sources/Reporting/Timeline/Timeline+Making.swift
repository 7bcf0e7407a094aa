import Base
import Execution
import Host
import State

extension Timeline {
    /// Makes a timeline.
    ///
    /// - Parameter source: What is known of the tasks and units.
    public init(_ source: TimelineSource) {
        let rows = Self.rows(source)
        let first = rows.compactMap(\.started).min()
        let now = source.clock.sinceBoot
        let isBoot = source.isBoot(firstStart: first)
        let origin = isBoot ? source.bootStart : first ?? now
        var tasks: [TimelineTask] = []
        for (index, row) in rows.enumerated() {
            let task = source.tasks[index]
            tasks.append(
                TimelineTask(
                    name: task.name,
                    description: task.description,
                    state: row.state,
                    dependencies: task.dependencies.map { source.tasks[$0].name },
                    attemptCount: row.attempts.count,
                    spans: row.spans.map { $0.moved(to: origin) },
                )
            )
        }
        let goesOn = rows.contains(where: \.goesOn) || first == nil
        let last = goesOn ? now : tasks.flatMap(\.spans).compactMap(\.end).max().map { $0 + origin } ?? now
        let path = CriticalPath(rows, source)
        for index in path.tasks { tasks[index].isCritical = true }
        let slack = max(.seconds(1), (last - origin) / 4)
        let units = source.beside(from: origin, until: goesOn ? last : last + slack, critical: path.unit)
        let ends = units.shown.flatMap { [$0.started, $0.active] }.compactMap(\.self)
        self.init(
            origin: isBoot ? .boot : .firstTask,
            originTime: source.clock.timestamp(at: origin),
            bootFinished: isBoot ? source.system?.boot.finished.map { $0 - origin } : nil,
            end: max(last - origin, ends.max() ?? .zero),
            tasks: Self.sorted(tasks),
            units: units.shown,
            criticalPath: [path.unit].compactMap(\.self) + path.tasks.map { source.tasks[$0].name },
            notes: source.notes + Self.notes(rows, units.left),
        )
    }

    /// The tasks in the order in which they started.
    private static func sorted(_ tasks: [TimelineTask]) -> [TimelineTask] {
        let starts = tasks.map { $0.started ?? .seconds(Int64.max / 2) }
        // Not by the start alone: the order of tasks that started together is that of the plan.
        return tasks.indices.sorted { (starts[$0], $0) < (starts[$1], $1) }.map { tasks[$0] }
    }

    /// The tasks with their attempts, and what they waited for before them.
    private static func rows(_ source: TimelineSource) -> [TimelineRow] {
        let logged = JournalAttempts(source.entries).attempts
        var rows = source.tasks.map { task in
            TimelineRow(task, logged: logged[task.name] ?? [], unit: source.unit(of: task))
        }
        let first = rows.compactMap(\.started).min()
        let queued = source.queued(firstStart: first)
        for index in rows.indices {
            rows[index].waits = source.waits(of: source.tasks[index], rows[index], from: queued, among: rows)
        }
        return rows
    }

    /// What is not shown.
    private static func notes(_ rows: [TimelineRow], _ left: [String]) -> [String] {
        var notes: [String] = []
        let laterCount = rows.reduce(0) { $0 + $1.laterCount }
        if laterCount > 0 {
            let runs = laterCount == 1 ? "1 later run" : "\(laterCount) later runs"
            notes.append("\(runs) of tasks that had succeeded before \(laterCount == 1 ? "is" : "are") not shown")
        }
        if !left.isEmpty {
            notes.append("not shown, because they were last started after the tasks: \(left.joined(separator: ", "))")
        }
        return notes
    }
}

extension TimelineSource {
    /// When the boot began.
    ///
    /// The kernel of a container was started before it.
    fileprivate var bootStart: Duration { system.map { $0.boot.hasKernel ? .zero : $0.boot.userspace } ?? .zero }

    /// Whether the first task was started by the boot, and not long after it.
    fileprivate func isBoot(firstStart: Duration?) -> Bool {
        guard let boot = system?.boot else { return false }
        guard let firstStart, let finished = boot.finished else { return true }
        return firstStart <= finished
    }

    /// When systemd planned to start the tasks, or when the first of them started.
    fileprivate func queued(firstStart: Duration?) -> Duration {
        let first = firstStart ?? clock.sinceBoot
        guard isBoot(firstStart: firstStart), let boot = system?.boot else { return first }
        return min(first, max(boot.userspace, boot.unitsLoaded ?? .zero))
    }

    /// What a task waited for before its first attempt.
    ///
    /// - Parameters:
    ///   - task: The task.
    ///   - row: The task with its attempts.
    ///   - queued: When its dependencies could start.
    ///   - rows: All tasks.
    /// - Returns: The wait for the last of its dependencies, and that for the last of the other units if it came later.
    fileprivate func waits(
        of task: TaskFacts,
        _ row: TimelineRow,
        from queued: Duration,
        among rows: [TimelineRow],
    ) -> [TimelineSpan] {
        var position = queued
        // A task that is skipped waits no more.
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
        } else if let last = lastUnit(of: task, until: limit) {
            add(.unit, until: last.time, last.name)
        }
        return waits
    }

    /// The dependency that succeeded last.
    fileprivate func lastDependency(of task: TaskFacts, among rows: [TimelineRow]) -> (index: Int, time: Duration)? {
        let ended = task.dependencies.compactMap { index in rows[index].succeeded.map { (index, $0) } }
        return ended.max { $0.1 < $1.1 }
    }

    /// The unit that was active last of those that a task is ordered after.
    ///
    /// One that was started again after the task does not count.
    fileprivate func lastUnit(of task: TaskFacts, until limit: Duration?) -> (name: String, time: Duration)? {
        let ready: [(name: String, time: Duration)] = task.units.compactMap { name in
            guard let unit = system?.units[name], let started = unit.started else { return nil }
            // A service that ends when it has done its work is never active.
            let times = [unit.active, unit.ended].compactMap(\.self).filter { $0 >= started }
            guard let time = times.min(), limit.map({ time <= $0 }) ?? true else { return nil }
            return (name, time)
        }
        return ready.max { $0.time < $1.time }
    }

    /// Whether systemd starts a unit now, or is about to.
    private func isStarting(_ name: String) -> Bool {
        system?.units[name].map { !$0.state.isActive && ($0.hasJob || $0.state.active == "activating") } ?? false
    }

    /// The units beside the tasks.
    ///
    /// - Parameters:
    ///   - origin: What the times count from.
    ///   - end: The latest start of a unit that is shown.
    ///   - critical: The unit on the critical path.
    /// - Returns: The units in the order in which they started, and the names of those that started later.
    fileprivate func beside(
        from origin: Duration,
        until end: Duration,
        critical: String?,
    ) -> (shown: [TimelineUnit], left: [String]) {
        var shown: [TimelineUnit] = []
        var left: [String] = []
        for name in shownUnits {
            guard let unit = system?.units[name], unit.state.load == "loaded", unit.started != nil || unit.hasJob else {
                continue
            }
            if let started = unit.started, started > end {
                left.append(name)
                continue
            }
            func moved(_ time: Duration?) -> Duration? {
                time.flatMap { time in
                    unit.started.map { time >= $0 } ?? false ? max(.zero, time - origin) : nil
                }
            }
            let active = moved(unit.active)
            // The end of a start before does not count.
            let ended = unit.state.isActive ? nil : moved(unit.ended)
            shown.append(
                TimelineUnit(
                    name: name,
                    state: unit.state,
                    started: moved(unit.started),
                    active: active,
                    ended: ended,
                    isCritical: name == critical,
                )
            )
        }
        let order = shown.indices.sorted { left, right in
            (shown[left].started ?? end, left) < (shown[right].started ?? end, right)
        }
        return (order.map { shown[$0] }, left)
    }
}

extension TimelineSpan {
    /// The span in times that count from another origin.
    fileprivate func moved(to origin: Duration) -> Self {
        var span = self
        span.start = max(.zero, start - origin)
        span.end = end.map { max(.zero, $0 - origin) }
        return span
    }
}

/// The tasks that decided when the last one ended.
private struct CriticalPath {
    /// The positions of the tasks in the plan, in the order of time.
    private(set) var tasks: [Int] = []

    /// The unit that the first of them waited for.
    private(set) var unit: String?

    /// Walks back from the task that ended last, or has run longest of those that go on.
    ///
    /// From each task it goes to the dependency that succeeded last, unless the task waited longer for a unit.
    init(_ rows: [TimelineRow], _ source: TimelineSource) {
        let open = rows.indices.filter { rows[$0].goesOn }
        let last =
            open.isEmpty
            ? rows.indices.filter { rows[$0].ended != nil }.max { Self.isBefore(rows[$0].ended, rows[$1].ended) }
            : open.min { Self.isBefore(rows[$0].started, rows[$1].started) }
        guard var index = last else { return }
        while true {
            tasks.insert(index, at: 0)
            if let wait = rows[index].waits.last, wait.kind == .unit {
                unit = wait.subject
                return
            }
            guard let dependency = source.lastDependency(of: source.tasks[index], among: rows) else { return }
            index = dependency.index
        }
    }

    private static func isBefore(_ left: Duration?, _ right: Duration?) -> Bool {
        guard let left, let right else { return false }
        return left < right
    }
}
