public import Base
import Execution
public import Host
public import State

/// The states of tasks on a terminal, in the view of a run, redrawn as they change.
public struct StatusView: Sendable {
    private let output: ConsoleOutput
    private let size: @Sendable () -> TerminalSize
    private var screen: TerminalScreen

    /// Creates a view.
    ///
    /// - Parameters:
    ///   - output: The output to the terminal.
    ///   - isColoured: Whether colours are wanted.
    ///   - size: Reads the current size of the terminal.
    public init(_ output: ConsoleOutput, isColoured: Bool, size: @escaping @Sendable () -> TerminalSize) {
        (self.output, self.size) = (output, size)
        screen = TerminalScreen(isColoured: isColoured)
    }

    /// Shows the states of the tasks, unless the terminal is stopped.
    ///
    /// - Parameters:
    ///   - statuses: The states, in the order of the plan.
    ///   - warning: Why they may not be complete, if they may not.
    ///   - now: The time that ages are counted to.
    public mutating func show(_ statuses: [TaskStatus], warning: String? = nil, at now: Timestamp = .now()) {
        guard output.backlog(of: .results) <= TerminalSink.frameLimit else { return }
        let size = size()
        let columns = max(20, size.columns) - 1
        let width = statuses.map { printable($0.task).columnCount }.max() ?? 0
        let format = RowFormatter(nameWidth: width, columns: columns, isUTF8: output.isUTF8)
        let summary = summary(statuses).wrapped(to: columns).map { format.line($0, .summary) }
        let footer = (warning.map { [format.line("warning: \($0)", .warning)] } ?? []) + summary
        let layout = LiveLayout(format: format, rowLimit: max(1, size.rows - 2), footer: footer)
        let frame = layout.frame(statuses.map(\.phase)) { TaskRow(statuses[$0], at: now) }
        output.write(screen.draw(staying: [], live: frame.lines, in: size))
    }

    /// Leaves what was shown last on the terminal, without what was typed below it.
    public func finish() { output.write(screen.redraw()) }

    /// The number of tasks in each state.
    private func summary(_ statuses: [TaskStatus]) -> String {
        guard !statuses.isEmpty else { return "no task for this node" }
        let states = Outcome.Kind.allCases.map(TaskState.ended) + [.running, .waiting, .notYet, .unknown]
        let counts = Dictionary(grouping: statuses, by: \.state).mapValues(\.count)
        let parts = states.compactMap { state in counts[state].map { "\($0) \(state)" } }
        return "\(statuses.count) \(statuses.count == 1 ? "task" : "tasks"): \(parts.joined(separator: ", "))"
    }
}
