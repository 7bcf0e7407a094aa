public import Base
public import Host
public import State

/// A terminal view of the states of tasks, laid out like the view of a run and redrawn as states change.
public struct StatusView: Sendable {
    private let output: ConsoleOutput
    private let size: @Sendable () -> TerminalSize
    private let access: @Sendable () -> TerminalAccess
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
        (self.output, self.size, self.access) = (output, size, access)
        screen = TerminalScreen(isColoured: isColoured)
    }

    /// Shows the states of the tasks, unless output to the terminal is stalled or a shell is using it.
    ///
    /// - Parameters:
    ///   - statuses: The states, in the order of the plan.
    ///   - warning: The reason why the states may be incomplete, `nil` if they are complete.
    ///   - now: The time for which ages are computed.
    public mutating func show(_ statuses: [TaskStatus], warning: String? = nil, at now: Timestamp = .now()) {
        let access = access()
        if access != .foreground { screen.forget() }
        guard access != .background, output.backlog(of: .results) <= TerminalSink.frameLimit else { return }
        let size = size()
        let columns = size.viewColumns
        let width = statuses.map { printable($0.task).columnCount }.max() ?? 0
        let format = RowFormatter(nameWidth: width, columns: columns, isUTF8: output.isUTF8)
        let summary =
            statuses.isEmpty ? ["no task for this node"] : summaryLines(statuses, at: now, columns: columns)
        let footer =
            (warning.map { [format.line("warning: \($0)", .warning)] } ?? [])
            + summary.map { format.line($0, .summary) }
        let layout = LiveLayout(format: format, rowLimit: size.viewRows, footer: footer)
        let frame = layout.frame(statuses.map(\.phase)) { TaskRow(statuses[$0], at: now) }
        output.write(screen.draw(staying: [], live: frame.lines, in: size))
    }

    /// Redraws the last frame, over anything typed below it, and leaves it on the terminal.
    public func finish() {
        if access() == .foreground { output.write(screen.redraw()) }
    }
}
