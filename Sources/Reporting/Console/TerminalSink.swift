/// Reports a run on a terminal: what is done scrolls up, what runs is redrawn below.
public struct TerminalSink: EventSink {
    private let output: ConsoleOutput
    private let display: Display
    private var screen: TerminalScreen
    private var progress = ProgressView()

    /// The properties of the terminal and the wishes of its user.
    public struct Display: Sendable {
        /// Whether colours are wanted.
        public var isColoured: Bool
        /// Whether standard error is the terminal as well; otherwise warnings and errors go there as plain lines.
        public var showsDiagnostics: Bool
        /// Reads the current width of the terminal.
        public var columns: @Sendable () -> Int

        /// Creates a description.
        public init(isColoured: Bool, showsDiagnostics: Bool, columns: @escaping @Sendable () -> Int) {
            self.isColoured = isColoured
            self.showsDiagnostics = showsDiagnostics
            self.columns = columns
        }
    }

    /// The bytes that wait for the terminal when the lines below are no longer redrawn.
    private static let frameLimit = 16 << 10

    /// Creates a sink.
    public init(_ output: ConsoleOutput, _ display: Display) {
        self.output = output
        self.display = display
        screen = TerminalScreen(isColoured: display.isColoured)
    }

    /// Whether the terminal is stopped or slow.
    public var isBehind: Bool { output.backlog(of: .results) > ConsoleOutput.backlogLimit }

    /// Shows what an event changes.
    public mutating func receive(_ event: ReportedEvent) {
        progress.note(event.event, at: event.stamped.uptime)
        // What is waited for is in the lines below, as long as it is waited for.
        let lines = event.lines.filter { $0.tone != .waiting }
        draw(lines.filter { !isElsewhere($0) }, at: event.stamped.uptime)
        for line in lines where isElsewhere(line) { output.write("\(line)\n", to: .diagnostics) }
    }

    /// Redraws the running tasks with the time that has passed.
    public mutating func tick(at uptime: Duration) {
        draw([], at: uptime)
    }

    /// Removes the lines of the running tasks.
    public mutating func finish() {
        progress = ProgressView()
        draw([], at: .zero, isLast: true)
    }

    private func isElsewhere(_ line: Line) -> Bool {
        line.isDiagnostic && !display.showsDiagnostics
    }

    private mutating func draw(_ staying: [Line], at uptime: Duration, isLast: Bool = false) {
        // A frame that replaces one which has not been shown can be left out.
        if staying.isEmpty, !isLast, output.backlog(of: .results) > Self.frameLimit { return }
        // The last column stays free: terminals differ in where the cursor is after a character in it.
        let columns = max(20, display.columns()) - 1
        let live = progress.lines(at: uptime, columns: columns, isUTF8: output.isUTF8)
        let staying = staying.flatMap { $0.folded(to: columns, isUTF8: output.isUTF8) }
        output.write(screen.draw(staying: staying, live: live, columns: columns + 1))
    }
}
