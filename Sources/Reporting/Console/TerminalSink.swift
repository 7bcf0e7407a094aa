import Base
import Planning

/// A sink that reports a run on a terminal: task rows, redrawn about five times a second, below program output.
///
/// Lines that are useful after the run stay, such as failures with causes and hints, tasks that changed something, and
/// changed or deleted paths and objects. Created paths and objects are usually only counted, because a first run
/// creates hundreds.
struct TerminalSink: EventSink {
    /// Whether standard error is also a terminal; if not, warnings and errors go there as plain lines.
    private let showsDiagnostics: Bool
    private var screen: TerminalScreen
    private var view = RunView()
    /// The lines that the next frame puts above the view.
    private var pending: [Line] = []
    private var lastFrame: Duration?

    /// The time after which an event draws the next frame; a tick or many pending lines can draw it earlier.
    private static let interval = Duration.milliseconds(200)

    /// The number of pending lines at which a frame is drawn at once.
    private static let pendingLimit = 100

    init(_ screen: TerminalScreen, showsDiagnostics: Bool) {
        (self.screen, self.showsDiagnostics) = (screen, showsDiagnostics)
    }

    var isBehind: Bool { screen.output.isBacklogged }

    mutating func receive(_ event: ReportedEvent) {
        let uptime = event.uptime
        for line in event.lines where isElsewhere(line) { screen.output.write("\(line)\n", to: .diagnostics) }
        let lines = event.lines.filter { !isElsewhere($0) }
        view.note(event, problems: lines.filter { $0.tone == .error }.map(\.text))
        if case .runFinished = event.event.kind { return draw(at: uptime, summary: lines, isLast: true) }
        pending += stays(event) ? lines : []
        let age = uptime - (lastFrame ?? uptime)
        lastFrame = lastFrame ?? uptime
        if age >= Self.interval || pending.count >= Self.pendingLimit { draw(at: uptime) }
    }

    mutating func tick(at uptime: Duration) { draw(at: uptime) }

    /// Removes the view if the run has not ended, and draws pending lines.
    mutating func finish() {
        view.clear()
        draw(at: lastFrame ?? .zero, isLast: true)
    }

    /// Returns whether the lines of an event stay, because the view does not show them or they remain useful later.
    private func stays(_ event: ReportedEvent) -> Bool {
        switch event.event.kind {
        case .waiting: false
        case .output, .warning, .planned, .change, .runFinished: true
        case .path(_, let result): [.changed, .removed].contains(result.change)
        case .object(_, let result):
            [.configured, .deleted, .replaced].contains(result.change) || !result.notes.isEmpty
        case .runStarted, .taskStarted, .lease, .objectCount, .objectFailed, .taskFinished: false
        }
    }

    private func isElsewhere(_ line: Line) -> Bool {
        line.isDiagnostic && !showsDiagnostics
    }

    /// Draws a frame for the given time; the last frame contains final lines and the summary instead of the view.
    private mutating func draw(at uptime: Duration, summary: [Line] = [], isLast: Bool = false) {
        guard let size = screen.beginFrame(isNeeded: !pending.isEmpty || isLast) else { return }
        lastFrame = uptime
        let columns = size.viewColumns
        let ended = isLast ? view.finish(columns: columns) : []
        let rows = view.rows(at: uptime)
        let format = RowFormatter(rows, columns: columns)
        let staying = screenLines(pending, columns) + ended + screenLines(summary, columns)
        pending = []
        screen.draw(staying: staying, live: LiveLayout(format: format, rowLimit: size.viewRows).lines(rows), in: size)
    }

    private func screenLines(_ lines: [Line], _ columns: Int) -> [ScreenLine] {
        lines.flatMap { $0.folded(to: columns) }.map(\.onScreen)
    }
}
