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
        // The earliest that is known.
        let first = rows.compactMap(\.started).min()
        let now = source.clock.sinceBoot
        let isBoot = source.isBoot(firstStart: first)
        let origin = isBoot ? source.bootStart : first ?? now
        var tasks = zip(source.tasks, rows).map { task, row in
            TimelineTask(
                name: task.name,
                description: task.description,
                state: row.state,
                dependencies: task.dependencies.map { source.tasks[$0].name },
                attemptCount: row.attemptCount,
                unknownCount: row.unknownCount,
                spans: row.spans.map { $0.moved(to: origin) },
            )
        }
        let endsNow = rows.contains(where: \.isOngoing) || first == nil
        let last = endsNow ? now : tasks.flatMap(\.spans).compactMap(\.end).max().map { $0 + origin } ?? now
        let path = CriticalPath(rows, source)
        for index in path.tasks { tasks[index].isCritical = true }
        let slack = max(.seconds(1), (last - origin) / 4)
        let units = source.units(from: origin, until: endsNow ? last : last + slack, critical: path.unit)
        let isStartKnown = rows.allSatisfy { $0.unknownCount == 0 }
        let ends = units.shown.flatMap { [$0.started, $0.active] }.compactMap(\.self)
        self.init(
            origin: isBoot ? .boot : isStartKnown ? .firstTask : .firstKnown,
            originTime: source.clock.timestamp(at: origin),
            bootFinished: isBoot ? source.system?.boot.finished.map { $0 - origin } : nil,
            end: max(last - origin, ends.max() ?? .zero),
            tasks: Self.sorted(tasks),
            units: units.shown,
            criticalPath: [path.unit].compactMap(\.self) + path.tasks.map { source.tasks[$0].name },
            notes: source.notes + Self.notes(rows, laterUnits: units.later),
        )
    }

    /// The tasks in the order in which they started.
    private static func sorted(_ tasks: [TimelineTask]) -> [TimelineTask] {
        let starts = tasks.map { $0.firstKnown ?? .seconds(Int64.max / 2) }
        // Not by the start alone: the order of tasks that started together is that of the plan.
        return tasks.indices.sorted { (starts[$0], $0) < (starts[$1], $1) }.map { tasks[$0] }
    }

    /// The tasks with their attempts, and what they waited for before them.
    private static func rows(_ source: TimelineSource) -> [TimelineRow] {
        let logged = JournalAttempts(source.entries).attempts
        var rows = source.tasks.map { task in
            TimelineRow(task, logged: logged[task.name] ?? [], source)
        }
        let first = rows.compactMap(\.started).min()
        let queued = source.queued(firstStart: first)
        for index in rows.indices {
            rows[index].waits = source.waits(of: source.tasks[index], rows[index], from: queued, among: rows)
        }
        return rows
    }

    /// What is not known, and what is not shown.
    private static func notes(_ rows: [TimelineRow], laterUnits: [String]) -> [String] {
        var notes: [String] = []
        let earlierCount = rows.count(where: \.hasEarlierSuccess)
        if earlierCount > 0 {
            let tasks = earlierCount == 1 ? "1 task" : "\(earlierCount) tasks"
            notes.append("\(tasks) had succeeded before on this boot: only the last run is known")
        }
        let laterCount = rows.reduce(0) { $0 + $1.laterCount }
        if laterCount > 0 {
            let runs = laterCount == 1 ? "1 later run" : "\(laterCount) later runs"
            notes.append("\(runs) of tasks that had succeeded before \(laterCount == 1 ? "is" : "are") not shown")
        }
        if !laterUnits.isEmpty {
            let names = laterUnits.joined(separator: ", ")
            notes.append("not shown, because they were last started after the tasks: \(names)")
        }
        return notes
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
