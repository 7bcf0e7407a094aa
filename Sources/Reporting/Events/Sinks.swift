public import Base
import Host
import Planning

public enum OutputFormat: String, Sendable, Hashable, CaseIterable {
    case text
    case json

    public var isForPrograms: Bool { self == .json }
}

/// Creates the sinks for an output format.
///
/// If the output is connected to the journal, a run in text format is reported as journal entries. If `auditJournal` is
/// given, it receives entries in addition to the output.
public func makeSinks(
    for format: OutputFormat,
    isDryRun: Bool,
    in outputEnvironment: OutputEnvironment,
    run: String,
    output: ConsoleOutput,
    auditJournal: JournalQueue.Sender? = nil,
    manager: NotifySink? = nil,
) -> [any EventSink] {
    var sinks: [any EventSink]
    if format.isForPrograms {
        sinks = [JSONSink(output, run: run, isDryRun: isDryRun)]
    } else if let journal = output.journal {
        sinks = [JournalSink(output: output, run: run, journal: journal)]
    } else if outputEnvironment.isScreen, !isDryRun {
        let screen = TerminalScreen(output, isColoured: outputEnvironment.isColoured)
        sinks = [TerminalSink(screen, showsDiagnostics: outputEnvironment.isErrorTerminal)]
    } else {
        sinks = [LineSink(output: output, isColoured: outputEnvironment.isColoured)]
    }
    if let auditJournal {
        // Errors from this journal are ignored, because another sink already reports every event.
        sinks.append(JournalSink(output: output, run: run, journal: JournalQueue { _ = try? auditJournal($0) }))
    }
    if let manager { sinks.append(manager) }
    return sinks
}

/// Returns 128 random bits as 32 hexadecimal digits.
public func makeRunIdentifier() -> String {
    let digits = String(UInt128.random(in: 0...UInt128.max), radix: 16)
    return String(repeating: "0", count: 32 - digits.count) + digits
}

/// A destination for a run's events, such as a terminal or the journal.
///
/// Mutating functions are called one at a time. A sink formats events, and leaves writing to a queue.
public protocol EventSink: Sendable {
    /// Whether so much output waits to be written that output lines of child processes are dropped.
    var isBehind: Bool { get }

    mutating func receive(_ event: ReportedEvent)

    /// Updates what the sink shows; called about five times a second during a run.
    mutating func tick(at uptime: Duration)

    /// Completes the output; called once after the last event.
    mutating func finish()

    /// Shows why no task could start; the problems themselves are reported separately.
    mutating func runBlocked(by problems: [Problem])

    /// Empties the sink's own queue, and returns whether it is empty; see ``EventQueue/finish(idleLimit:until:)``.
    func flush(idleLimit: Duration, until deadline: ContinuousClock.Instant?) -> Bool
}

extension EventSink {
    public var isBehind: Bool { false }

    public mutating func tick(at uptime: Duration) {}

    public mutating func finish() {}

    public mutating func runBlocked(by problems: [Problem]) {}

    public func flush(idleLimit: Duration, until deadline: ContinuousClock.Instant?) -> Bool { true }
}
