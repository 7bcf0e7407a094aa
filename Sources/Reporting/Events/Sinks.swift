import Host

/// The format of results.
public enum OutputFormat: String, Sendable, Hashable, CaseIterable {
    /// Human-readable lines and tables.
    case text
    /// JSON, one object per line.
    case json

    /// Whether the format is machine-readable.
    public var isForPrograms: Bool { self == .json }
}

/// Creates the sinks for the requested format and the outputs.
///
/// Nothing is reported twice: if the output is connected to the journal, only journal entries are written.
///
/// - Parameters:
///   - format: The requested format.
///   - isDryRun: Whether the run is a dry run.
///   - outputEnvironment: The properties of the outputs.
///   - run: The identifier of the run; see ``makeRunIdentifier()``.
///   - output: The outputs.
///   - auditJournal: Also sends entries to the journal if the outputs are not connected to it; `nil` for none.
///   - manager: The sink for the service manager, `nil` if no service manager started the program.
/// - Returns: The sinks.
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
        sinks = [JournalSink(output, run: run, journal)]
    } else if outputEnvironment.isScreen {
        let display = TerminalSink.Display(
            isColoured: outputEnvironment.isColoured,
            showsDiagnostics: outputEnvironment.isErrorTerminal,
            isDryRun: isDryRun,
            size: { Terminal.size(1) ?? TerminalSize() },
            access: { Terminal.access(1) },
        )
        sinks = [TerminalSink(output, display)]
    } else {
        sinks = [LineSink(output)]
    }
    if let auditJournal {
        // Errors of this journal are ignored, because the outputs already receive every event.
        sinks.append(JournalSink(output, run: run, JournalQueue { fields in _ = try? auditJournal(fields) }))
    }
    if let manager { sinks.append(manager) }
    return sinks
}

/// Creates a unique identifier for a run.
///
/// - Returns: 128 random bits as 32 hexadecimal digits.
public func makeRunIdentifier() -> String {
    let digits = String(UInt128.random(in: 0...UInt128.max), radix: 16)
    return String(repeating: "0", count: 32 - digits.count) + digits
}
