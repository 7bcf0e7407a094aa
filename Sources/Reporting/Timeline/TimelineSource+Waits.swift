import Base
import Execution
import Host
import State

/// What tasks waited for before they were started.
extension TimelineSource {
    /// When the boot began.
    ///
    /// The kernel of a container was started before it.
    var bootStart: Duration { system.map { $0.boot.hasKernel ? .zero : $0.boot.userspace } ?? .zero }

    /// Whether the first task was started by the boot, and not after it.
    func isBoot(firstStart: Duration?) -> Bool {
        guard let boot = system?.boot else { return false }
        guard let firstStart, let finished = boot.finished else { return true }
        return firstStart <= finished
    }

    /// How long after systemd has loaded its units the journal begins, at most.
    private static let journalStartLimit = Duration.seconds(60)

    /// Whether the journal has not lost its entries from the beginning of the boot.
    var hasWholeJournal: Bool {
        guard let journalStart else { return false }
        return journalStart <= max(bootStart, system?.boot.unitsLoaded ?? .zero) + Self.journalStartLimit
    }

    /// When systemd planned to start the tasks, or when the first of them started.
    func queued(firstStart: Duration?) -> Duration {
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
    func waits(
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
        } else if row.unknownCount == 0, let last = lastUnit(of: task, until: limit) {
            add(.unit, until: last.time, last.name)
        }
        return waits
    }

    /// The dependency that succeeded last.
    func lastDependency(of task: TaskFacts, among rows: [TimelineRow]) -> (index: Int, time: Duration)? {
        let ended = task.dependencies.compactMap { index in rows[index].succeeded.map { (index, $0) } }
        return ended.max { $0.1 < $1.1 }
    }

    /// The unit whose start ended last, of those that a task is ordered after.
    ///
    /// One that was started again after the task does not count.
    func lastUnit(of task: TaskFacts, until limit: Duration?) -> (name: String, time: Duration)? {
        let ready: [(name: String, time: Duration)] = task.units.compactMap { name in
            guard let time = system?.units[name]?.startEnd, limit.map({ time <= $0 }) ?? true else { return nil }
            return (name, time)
        }
        return ready.max { $0.time < $1.time }
    }

    /// Whether systemd starts a unit now, or is about to.
    private func isStarting(_ name: String) -> Bool {
        system?.units[name].map { !$0.state.isActive && ($0.hasJob || $0.state.active == "activating") } ?? false
    }
}
