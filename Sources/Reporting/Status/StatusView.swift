public import Base
import Host
import Planning

/// A terminal view of the states of tasks, laid out like the view of a run and redrawn as states change.
public struct StatusView: Sendable {
    private var screen: TerminalScreen

    init(_ screen: TerminalScreen) { self.screen = screen }

    public init(_ output: ConsoleOutput, isColoured: Bool) {
        screen = TerminalScreen(output, isColoured: isColoured)
    }

    /// Shows the states of the tasks in the given order, followed by the warning and a summary.
    ///
    /// Nothing is shown while output is stalled or a shell is using the terminal.
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

    /// Redraws the last frame over anything typed below it, so that the frame stays on the terminal.
    public func finish() { screen.redraw() }
}

/// The task states that were last reported to an output that is not redrawn.
public struct StatusChanges: Sendable {
    /// The reported lines or JSON object of each task, by the name of the task.
    private var known: [String: [String]] = [:]

    public init() {}

    /// Returns the changes as human-readable lines that begin with the time.
    ///
    /// In the first call, every state is a change. A new wait counts as a change, but a new activity of a running task
    /// does not.
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

    /// Returns a JSON object, without a line ending, for each task that has changed.
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
