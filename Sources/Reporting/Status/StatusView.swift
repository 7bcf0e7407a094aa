public import Base
public import Host
public import State

/// A terminal view of the states of tasks, laid out like the view of a run and redrawn as states change.
public struct StatusView: Sendable {
    private var screen: TerminalScreen

    /// Creates a view.
    ///
    /// - Parameters:
    ///   - output: The output to the terminal.
    ///   - isColoured: Whether colours are wanted.
    ///   - size: Reads the current size of the terminal.
    ///   - access: Determines whether the program currently has the terminal to itself.
    public init(
        _ output: ConsoleOutput,
        isColoured: Bool,
        size: @escaping @Sendable () -> TerminalSize,
        access: @escaping @Sendable () -> TerminalAccess = { .foreground },
    ) {
        screen = TerminalScreen(output, isColoured: isColoured, size: size, access: access)
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
