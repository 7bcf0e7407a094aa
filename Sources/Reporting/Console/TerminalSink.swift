import Execution
public import Host

/// Reports a run on a terminal: one line a task, redrawn about five times a second, below what programs print.
///
/// What stays when the run has ended is what a reader needs then: failures with their causes and hints, and a line for
/// every task that has changed something. What existed before and was changed or deleted has a line of its own as well; a
/// first run creates hundreds of things, which are counted. A dry run is a list of changes: it has every line.
public struct TerminalSink: EventSink {
    private let output: ConsoleOutput
    private let display: Display
    private var screen: TerminalScreen
    private var view: RunView
    /// The lines that the next frame puts above the view.
    private var pending: [Line] = []
    /// The time of the last frame.
    private var lastFrame: Duration?

    /// The properties of the terminal and the wishes of its user.
    public struct Display: Sendable {
        /// Whether colours are wanted.
        public var isColoured: Bool
        /// Whether standard error is the terminal as well; otherwise warnings and errors go there as plain lines.
        public var showsDiagnostics: Bool
        /// Whether the run writes nothing.
        public var isDryRun: Bool
        /// Reads the current size of the terminal.
        public var size: @Sendable () -> TerminalSize

        /// Creates a description.
        public init(
            isColoured: Bool,
            showsDiagnostics: Bool,
            isDryRun: Bool = false,
            size: @escaping @Sendable () -> TerminalSize,
        ) {
            self.isColoured = isColoured
            self.showsDiagnostics = showsDiagnostics
            self.isDryRun = isDryRun
            self.size = size
        }
    }

    /// The bytes that wait for the terminal when the lines below are no longer redrawn.
    static let frameLimit = 16 << 10

    /// The time between two frames, if nothing else asks for one.
    private static let interval = Duration.milliseconds(200)

    /// The number of lines that wait for the next frame when that is drawn at once.
    private static let pendingLimit = 100

    /// Creates a sink.
    public init(_ output: ConsoleOutput, _ display: Display) {
        self.output = output
        self.display = display
        screen = TerminalScreen(isColoured: display.isColoured)
        view = RunView(isUTF8: output.isUTF8)
    }

    /// Whether the terminal is stopped or slow.
    public var isBehind: Bool { output.isBacklogged }

    /// Keeps what an event changes, and shows it if the last frame is old enough.
    public mutating func receive(_ event: ReportedEvent) {
        let uptime = event.stamped.uptime
        for line in event.lines where isElsewhere(line) { output.write("\(line)\n", to: .diagnostics) }
        let lines = event.lines.filter { !isElsewhere($0) }
        let problems = display.isDryRun ? [] : lines.filter { $0.tone == .error }.map(\.text)
        view.note(event, problems: problems)
        if case .runFinished = event.event.kind { return end(lines, at: uptime) }
        pending += stays(event) ? lines : []
        let age = uptime - (lastFrame ?? uptime)
        lastFrame = lastFrame ?? uptime
        if age >= Self.interval || pending.count >= Self.pendingLimit { draw(at: uptime) }
    }

    /// Redraws the view with the time that has passed.
    public mutating func tick(at uptime: Duration) { draw(at: uptime) }

    /// Removes the view, if the run has not ended.
    public mutating func finish() {
        view = RunView(isUTF8: output.isUTF8)
        draw(at: lastFrame ?? .zero, isLast: true)
    }

    /// Whether the lines of an event are not said by the view, or are wanted after it.
    private func stays(_ event: ReportedEvent) -> Bool {
        switch event.event.kind {
        case .waiting: false
        case .output, .warning, .planned, .runFinished: true
        case .path(_, let result): display.isDryRun || [.changed, .removed].contains(result.change)
        case .object(_, let result): display.isDryRun || [.configured, .deleted].contains(result.change)
        case .runStarted, .taskStarted, .lease, .objectCount, .objectFailed, .taskFinished: display.isDryRun
        }
    }

    private func isElsewhere(_ line: Line) -> Bool {
        line.isDiagnostic && !display.showsDiagnostics
    }

    /// Replaces the view by the lines of it that stay, and the summary.
    private mutating func end(_ summary: [Line], at uptime: Duration) {
        let columns = columns(of: display.size())
        let rows = display.isDryRun ? [] : view.finish(columns: columns)
        view = RunView(isUTF8: output.isUTF8)
        let lines = summary.flatMap { $0.folded(to: columns, isUTF8: output.isUTF8) }.map(\.onScreen)
        draw(at: uptime, rows + lines, isLast: true)
    }

    /// Draws a frame.
    ///
    /// - Parameters:
    ///   - uptime: The time that ages are counted to.
    ///   - rows: Lines that stay, after those of the events.
    ///   - isLast: Whether no other frame comes for a while.
    private mutating func draw(at uptime: Duration, _ rows: [ScreenLine] = [], isLast: Bool = false) {
        // A frame that replaces one which has not been shown can be left out.
        let isBehind = output.backlog(of: .results) > Self.frameLimit
        if isBehind, pending.isEmpty, !isLast { return }
        lastFrame = uptime
        let size = display.size()
        let columns = columns(of: size)
        // The last row is for the cursor, and the first one for the last line that stays.
        let frame = view.frame(at: uptime, columns: columns, rowLimit: max(1, size.rows - 2))
        let lines = pending.flatMap { $0.folded(to: columns, isUTF8: output.isUTF8) }.map(\.onScreen)
        pending = []
        let staying = lines + (display.isDryRun ? [] : frame.staying) + rows
        output.write(screen.draw(staying: staying, live: isBehind ? [] : frame.lines, in: size))
    }

    /// The columns of lines: the last one stays free, as terminals differ in where the cursor is after a character in it.
    private func columns(of size: TerminalSize) -> Int { max(20, size.columns) - 1 }
}
