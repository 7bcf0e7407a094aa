public import Execution
import Locking

/// Tells a run on a terminal: what is done scrolls away upwards, what runs is redrawn below.
public final class TerminalSink: EventSink {
    private struct State {
        var narrator: Narrator
        var screen: TerminalScreen
        var board = LiveBoard()
    }

    private let outlet: Outlet
    private let display: Display
    private let state: Locked<State>

    /// What the sink must know of the terminal and its user.
    public struct Display: Sendable {
        /// Whether colours are welcome.
        public var isColoured: Bool
        /// Whether standard error is the terminal as well; otherwise warnings and errors go there as plain lines.
        public var showsDiagnostics: Bool
        /// Asks how wide the terminal is now.
        public var columns: @Sendable () -> Int
        /// Asks for the time since some fixed instant.
        public var uptime: @Sendable () -> Duration

        /// Creates a description.
        public init(
            isColoured: Bool,
            showsDiagnostics: Bool,
            columns: @escaping @Sendable () -> Int,
            uptime: @escaping @Sendable () -> Duration,
        ) {
            self.isColoured = isColoured
            self.showsDiagnostics = showsDiagnostics
            self.columns = columns
            self.uptime = uptime
        }
    }

    /// Creates a sink.
    public init(_ outlet: Outlet, _ display: Display, isDryRun: Bool = false) {
        self.outlet = outlet
        self.display = display
        let screen = TerminalScreen(isColoured: display.isColoured)
        state = Locked(State(narrator: Narrator(isDryRun: isDryRun), screen: screen))
    }

    /// Shows what an event changes.
    public func receive(_ event: Event) {
        state.withLock { state in
            state.board.note(event, at: display.uptime())
            // What is waited for stands in the lines below, as long as it is waited for.
            let lines = state.narrator.lines(for: event).filter { $0.tone != .waiting }
            draw(&state, lines.filter { !isElsewhere($0) })
            for line in lines where isElsewhere(line) { outlet.write("\(line)\n", to: .diagnostics) }
        }
    }

    /// Draws the running tasks with the time that has passed.
    public func tick() {
        state.withLock { draw(&$0, []) }
    }

    /// Takes the lines of the running tasks away.
    public func finish() {
        state.withLock { state in
            state.board = LiveBoard()
            draw(&state, [])
        }
    }

    private func isElsewhere(_ line: Line) -> Bool {
        line.isDiagnostic && !display.showsDiagnostics
    }

    private func draw(_ state: inout State, _ staying: [Line]) {
        // The last column stays free: terminals differ in where the cursor is after a character in it.
        let columns = max(20, display.columns()) - 1
        let live = state.board.lines(at: display.uptime(), columns: columns)
        outlet.write(state.screen.draw(staying: staying, live: live, columns: columns + 1))
    }
}
