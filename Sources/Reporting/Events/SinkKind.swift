import Host

/// How a run is reported.
public enum SinkKind: Sendable, Hashable {
    /// As objects for programs on standard output.
    case objects
    /// As entries of the journal.
    case journal
    /// On a terminal, redrawn.
    case terminal
    /// In plain lines.
    case lines

    /// Chooses by the requested format, then by the outputs.
    ///
    /// Nothing is reported twice: where the journal reads the output, its entries are everything that is written.
    public init(_ format: OutputFormat, in outputEnvironment: OutputEnvironment, hasJournal: Bool) {
        if format.isForPrograms {
            self = .objects
        } else if hasJournal {
            self = .journal
        } else {
            self = outputEnvironment.isScreen ? .terminal : .lines
        }
    }
}

/// Makes the sinks that fit the options and the outputs.
///
/// - Parameters:
///   - format: The requested format.
///   - isDryRun: Whether the run writes nothing.
///   - outputEnvironment: The kind of the outputs.
///   - run: The identifier of the run, see ``makeRunIdentifier()``.
///   - output: The outputs.
///   - auditJournal: Sends entries to a journal that does not read the outputs, in addition to them; `nil` for none.
///   - manager: Reports to the service manager, `nil` if none has started the program.
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
    var sinks: [any EventSink] = []
    switch (SinkKind(format, in: outputEnvironment, hasJournal: output.journal != nil), output.journal) {
    case (.objects, _): sinks.append(JSONSink(output, as: format, run: run, isDryRun: isDryRun))
    case (.journal, let journal?): sinks.append(JournalSink(output, run: run, journal))
    case (.terminal, _):
        let display = TerminalSink.Display(
            isColoured: outputEnvironment.isColoured,
            showsDiagnostics: outputEnvironment.isErrorTerminal,
            isDryRun: isDryRun,
            size: { Terminal.size(1) ?? TerminalSize() },
            access: { Terminal.access(1) },
        )
        sinks.append(TerminalSink(output, display))
    case (.lines, _), (.journal, nil): sinks.append(LineSink(output))
    }
    if let auditJournal {
        // The outputs have everything; what the journal refuses is missing there only.
        sinks.append(JournalSink(output, run: run, JournalQueue { fields in _ = try? auditJournal(fields) }))
    }
    if let manager { sinks.append(manager) }
    return sinks
}

/// Makes an identifier for a run that no other run has.
///
/// - Returns: 128 random bits as 32 hexadecimal digits.
public func makeRunIdentifier() -> String {
    [UInt64.random(in: 0...UInt64.max), UInt64.random(in: 0...UInt64.max)]
        .map { number in
            let text = String(number, radix: 16)
            return String(repeating: "0", count: 16 - text.count) + text
        }
        .joined()
}
