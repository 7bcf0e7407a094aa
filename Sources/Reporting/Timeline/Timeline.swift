public import Base
import Execution
public import Host
import State
import YAML

/// The waits and runs of a node's tasks on this boot, with relevant systemd units.
///
/// All times are relative to the origin.
public struct Timeline: Sendable, Hashable {
    /// The origin of the times.
    public enum Origin: String, Sendable, Hashable {
        /// The start of the machine.
        case boot
        /// The start of the first task, used if it came after the boot or the boot time is unknown.
        case firstTask = "first task"
        /// The start of the first known attempt, used if there were earlier attempts.
        case firstKnown = "first known attempt"
    }

    /// The origin of the times.
    public var origin: Origin

    /// The wall-clock time of the origin.
    public var originTime: Timestamp

    /// The time at which the boot was complete, `nil` if the boot is not complete or is not the origin of the times.
    public var bootFinished: Duration?

    /// The time of the last event, or the current time if no task has started, or a task is running or will be retried.
    public var end: Duration

    /// The tasks in the order in which they started, then tasks that have not started.
    public var tasks: [TimelineTask]

    /// The units in the order in which they started.
    public var units: [TimelineUnit]

    /// The names of the tasks that determined when the last task ended, in chronological order.
    ///
    /// If the first of these tasks waited for a unit, the list begins with the name of the unit.
    public var criticalPath: [String]

    /// Human-readable notes about missing parts of the timeline.
    public var notes: [String]

    public init(
        origin: Origin,
        originTime: Timestamp,
        bootFinished: Duration? = nil,
        end: Duration,
        tasks: [TimelineTask],
        units: [TimelineUnit] = [],
        criticalPath: [String] = [],
        notes: [String] = [],
    ) {
        self.origin = origin
        self.originTime = originTime
        self.bootFinished = bootFinished
        self.end = end
        self.tasks = tasks
        self.units = units
        self.criticalPath = criticalPath
        self.notes = notes
    }

    /// Whether a task is running or will be retried.
    public var isOngoing: Bool { tasks.contains(where: \.isOngoing) }

    public func task(_ name: String) -> TimelineTask? { tasks.first { $0.name == name } }
}

/// Returns a timeline as one JSON object.
///
/// - Parameter timeline: The timeline.
/// - Returns: One line without a line ending.
public func timelineJSON(_ timeline: Timeline) -> String {
    var pairs: [(String, Node)] = [
        Node.outputVersion, ("origin", .string(timeline.origin.rawValue)),
        ("originAt", .string(timeline.originTime.description)),
    ]
    if let finished = timeline.bootFinished { pairs.append(("bootFinishedSeconds", .seconds(finished))) }
    pairs += [
        ("endSeconds", .seconds(timeline.end)), ("ongoing", .boolean(timeline.isOngoing)),
        ("tasks", .sequence(timeline.tasks.map(\.node))), ("units", .sequence(timeline.units.map(\.node))),
        ("criticalPath", .sequence(timeline.criticalPath.map { .string($0) })),
        ("notes", .sequence(timeline.notes.map { .string($0) })),
    ]
    return String(decoding: Node.mapping(pairs).json(), as: UTF8.self)
}

extension TimelineTask {
    /// The task as a JSON object, without unknown values.
    fileprivate var node: Node {
        var pairs: [(String, Node)] = [("task", .string(name))]
        if let description { pairs.append(("description", .string(description))) }
        pairs += [("state", .string("\(state)")), ("after", .sequence(dependencies.map { .string($0) }))]
        pairs += [("critical", .boolean(isCritical)), ("attempts", .number(attemptCount))]
        if let started { pairs.append(("startedSeconds", .seconds(started))) }
        if let ended { pairs.append(("endedSeconds", .seconds(ended))) }
        pairs.append(("spans", .sequence(spans.map(\.node))))
        return .mapping(pairs)
    }
}

extension TimelineSpan {
    /// The span as a JSON object, without unknown values.
    fileprivate var node: Node {
        var pairs: [(String, Node)] = [("kind", .string(kind.rawValue)), ("startSeconds", .seconds(start))]
        if let end { pairs.append(("endSeconds", .seconds(end))) }
        if let subject { pairs.append(("subject", .string(subject))) }
        if let reason { pairs.append(("reason", .string(reason))) }
        if let outcome { pairs.append(("outcome", .string(outcome.rawValue))) }
        return .mapping(pairs)
    }
}

extension TimelineUnit {
    /// The unit as a JSON object, without unknown values.
    fileprivate var node: Node {
        var pairs: [(String, Node)] = [
            ("unit", .string(name)), ("active", .string(state.active)), ("sub", .string(state.sub)),
            ("critical", .boolean(isCritical)),
        ]
        if let started { pairs.append(("startedSeconds", .seconds(started))) }
        if let active { pairs.append(("activeSeconds", .seconds(active))) }
        if let ended { pairs.append(("endedSeconds", .seconds(ended))) }
        return .mapping(pairs)
    }
}

extension Timeline {
    /// Creates a timeline.
    ///
    /// - Parameter source: The information about the tasks and units.
    public init(_ source: TimelineSource) {
        let rows = Self.rows(source)
        // The start of the earliest attempt that is known.
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

    /// Returns the tasks in the order in which they started.
    private static func sorted(_ tasks: [TimelineTask]) -> [TimelineTask] {
        let starts = tasks.map { $0.firstKnown ?? .seconds(Int64.max / 2) }
        // The index breaks ties, so that tasks that started together keep the order of the plan.
        return tasks.indices.sorted { (starts[$0], $0) < (starts[$1], $1) }.map { tasks[$0] }
    }

    /// Returns the tasks with their attempts and the waits before them.
    private static func rows(_ source: TimelineSource) -> [TimelineRow] {
        var rows = source.tasks.map { TimelineRow($0, source) }
        let first = rows.compactMap(\.started).min()
        let queued = source.queued(firstStart: first)
        for index in rows.indices {
            rows[index].waits = source.waits(of: source.tasks[index], rows[index], from: queued, among: rows)
        }
        return rows
    }

    /// Returns notes about parts that are unknown or not shown.
    private static func notes(_ rows: [TimelineRow], laterUnits: [String]) -> [String] {
        var notes: [String] = []
        let earlierCount = rows.count(where: \.hasEarlierSuccess)
        if earlierCount > 0 {
            let tasks = earlierCount == 1 ? "1 task" : "\(earlierCount) tasks"
            notes.append("\(tasks) had succeeded before on this boot: only the last run is known")
        }
        let laterCount = rows.count(where: \.hasLaterRun)
        if laterCount > 0 {
            let tasks = laterCount == 1 ? "1 task" : "\(laterCount) tasks"
            notes.append("later runs of \(tasks) that had succeeded before are not shown")
        }
        if !laterUnits.isEmpty {
            let names = laterUnits.joined(separator: ", ")
            notes.append("not shown, because they were last started after the tasks: \(names)")
        }
        return notes
    }
}

extension TimelineSpan {
    /// Returns the span with its times relative to another origin.
    fileprivate func moved(to origin: Duration) -> Self {
        var span = self
        span.start = max(.zero, start - origin)
        span.end = end.map { max(.zero, $0 - origin) }
        return span
    }
}

/// A time axis that begins at zero, with marks at round times.
struct TimeAxis {
    /// The last time of the axis.
    let end: Duration

    /// The times of the marks, the first of which is zero.
    let marks: [Duration]

    /// The possible distances between marks.
    private static let steps: [Duration] =
        [1, 2, 5, 10, 20, 50, 100, 200, 500].map { .milliseconds($0) }
        + [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800].map { .seconds($0) }
        + [1, 2, 3, 6, 12, 24, 48, 120, 240, 480, 1200, 2400].map { .seconds($0 * 3600) }

    /// Creates an axis.
    ///
    /// - Parameters:
    ///   - end: The last time; the axis is at least one millisecond long.
    ///   - count: The largest number of intervals between marks.
    init(end: Duration, count: Int) {
        let end = max(end, .milliseconds(1))
        self.end = end
        let shortest = end / Double(max(1, count))
        let step = Self.steps.first { $0 >= shortest } ?? end
        marks = (0...Int(end / step)).map { step * $0 }
    }

    /// Returns the position of a time on the axis, from 0 at the beginning to 1 at the end.
    func place(of time: Duration) -> Double { min(max(time / end, 0), 1) }
}

/// A systemd unit shown next to the tasks of a timeline, with the times of its last start.
public struct TimelineUnit: Sendable, Hashable {
    /// The unit's name.
    public var name: String
    public var state: UnitState

    /// The time at which the unit began to start: zero if before the origin, `nil` if the unit was not started.
    public var started: Duration?

    /// The time at which the unit became active after this start, `nil` if it did not.
    public var active: Duration?

    /// The time at which the unit became inactive or failed after this start, `nil` if it did not.
    public var ended: Duration?

    /// Whether the first task of the critical path waited for the unit.
    public var isCritical: Bool

    public init(
        name: String,
        state: UnitState,
        started: Duration? = nil,
        active: Duration? = nil,
        ended: Duration? = nil,
        isCritical: Bool = false,
    ) {
        self.name = name
        self.state = state
        self.started = started
        self.active = active
        self.ended = ended
        self.isCritical = isCritical
    }

    /// The time at which the start of the unit ended, whether or not the unit became active.
    var startEnd: Duration? { active ?? ended }
}

/// The tasks that determined when the last task ended.
struct CriticalPath {
    /// The positions of the tasks in the plan, in chronological order.
    let tasks: [Int]

    /// The unit that the first task of the path waited for, `nil` if there is none.
    let unit: String?

    /// Finds the path by going backwards from the last task.
    ///
    /// Each step goes to the dependency that succeeded last. If a task's last wait was for a unit, the path ends at the
    /// unit.
    ///
    /// - Parameters:
    ///   - rows: All tasks, with their waits.
    ///   - source: The source of the timeline.
    init(_ rows: [TimelineRow], _ source: TimelineSource) {
        var reversed: [Int] = []
        var unit: String?
        var next = Self.last(rows)
        while let index = next {
            reversed.append(index)
            if let wait = rows[index].waits.last, wait.kind == .unit {
                unit = wait.subject
                break
            }
            next = source.lastDependency(of: source.tasks[index], among: rows)?.index
        }
        tasks = reversed.reversed()
        self.unit = unit
    }

    /// Returns the ongoing task that started first or, if no task is ongoing, the task that ended last.
    private static func last(_ rows: [TimelineRow]) -> Int? {
        let open = rows.indices.filter { rows[$0].isOngoing }
        guard open.isEmpty else { return open.min { (rows[$0].started ?? .zero) < (rows[$1].started ?? .zero) } }
        let ended = rows.indices.filter { rows[$0].ended != nil }
        return ended.max { (rows[$0].ended ?? .zero) < (rows[$1].ended ?? .zero) }
    }
}
