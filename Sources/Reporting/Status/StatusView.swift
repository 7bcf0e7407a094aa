public import Base
import Host
import Planning

/// A terminal view of the states of tasks, laid out like the view of a run and redrawn as states change.
public struct StatusView: Sendable {
    private var screen: TerminalScreen

    init(_ screen: TerminalScreen) { self.screen = screen }

    /// Creates a view on standard output.
    public init(_ output: ConsoleOutput, isColoured: Bool) {
        screen = TerminalScreen(output, isColoured: isColoured)
    }

    /// Shows the states of the tasks, unless output to the terminal is stalled or a shell is using it.
    ///
    /// - Parameters:
    ///   - statuses: The states, in the order of the plan.
    ///   - warning: The reason why the states may be incomplete, `nil` if they are complete.
    ///   - now: The time for which ages are computed.
    public mutating func show(_ statuses: [TaskStatus], warning: String? = nil, at now: Timestamp = .now()) {
        guard let size = screen.beginFrame() else { return }
        let columns = size.viewColumns
        let rows = statuses.map { TaskRow($0, at: now) }
        let format = RowFormatter(rows, columns: columns)
        let summary =
            statuses.isEmpty ? ["no task for this node"] : summaryLines(statuses, at: now, columns: columns)
        let footer =
            (warning.map { [format.line("warning: \($0)", .warning)] } ?? [])
            + summary.map { format.line($0, .summary) }
        let layout = LiveLayout(format: format, rowLimit: size.viewRows, footer: footer)
        screen.draw(live: layout.lines(rows), in: size)
    }

    /// Redraws the last frame, over anything typed below it, and leaves it on the terminal.
    public func finish() { screen.redraw() }
}

/// A tracker that reports changes of task states, for outputs that are not redrawn.
public struct StatusChanges: Sendable {
    /// The last reported lines, or the last reported JSON object, of each task.
    private var known: [String: [String]] = [:]

    /// Creates a tracker that knows no earlier states, so that it first reports every state as a change.
    public init() {}

    /// Returns the changes as human-readable lines.
    ///
    /// A new wait counts as a change, but a new activity of a running task does not.
    ///
    /// - Parameters:
    ///   - statuses: The states, in the order of the plan.
    ///   - now: The time at the beginning of each line.
    /// - Returns: The lines, empty if nothing has changed.
    public mutating func lines(_ statuses: [TaskStatus], at now: Timestamp = .now()) -> [String] {
        statuses.flatMap { status in
            var state = status.withoutAges
            state.startedAt = nil
            if state.state == .running, !state.isWaiting { state.reasons = [] }
            let row = TaskRow(state, at: now)
            let time = row.time.isEmpty ? "" : " in \(row.time)"
            let lines = ["\(row.word)\(time)" + (row.detail.isEmpty ? "" : ": \(row.detail)")] + row.problems
            let earlier = known.updateValue(lines, forKey: status.task) ?? []
            return lines.filter { !earlier.contains($0) }.map { printable("\(now) \(status.task): \($0)") }
        }
    }

    /// Returns the changes as JSON objects.
    ///
    /// - Parameters:
    ///   - statuses: The states, in the order of the plan.
    ///   - milliseconds: The time to write into the objects, in milliseconds since 1970.
    /// - Returns: One object for each task that has changed, without line endings.
    public mutating func json(
        _ statuses: [TaskStatus],
        milliseconds: Int64 = Timestamp.millisecondsNow()
    ) -> [String] {
        statuses.compactMap { status in
            let object = Node.output(status.withoutAges.fields)
            guard known.updateValue([object], forKey: status.task) != [object] else { return nil }
            return Node.output([("time", .string(Timestamp.text(milliseconds: milliseconds)))] + status.fields)
        }
    }
}

extension TaskStatus {
    /// The status without the fields that change merely because time passes.
    fileprivate var withoutAges: Self {
        var status = self
        status.age = nil
        status.retriesIn = nil
        status.repeatsIn = nil
        status.repetition?.age = nil
        return status
    }
}
